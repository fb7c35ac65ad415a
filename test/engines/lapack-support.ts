/** Whether the lapack engine works here. */
import { openEngine } from '../../src/engines/select.js';
import { UnsupportedError } from '../../src/errors.js';

/** Why it does not, in one line; nothing where it does. */
export async function whyNot(): Promise<string | undefined> {
  try {
    await openEngine('lapack');
    return undefined;
  } catch (error) {
    if (error instanceof UnsupportedError) return error.message.split('\n', 1)[0];
    throw error;
  }
}
