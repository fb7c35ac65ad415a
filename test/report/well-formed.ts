/** An element as {@link parseXml} reads it. */
export interface Node {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: Node[];
  text: string;
}

const entities: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', '#39': "'" };

/** Reads XML without namespaces, comments or doctypes, strictly: anything that a real parser would refuse throws. */
export function parseXml(source: string): Node {
  const xml = source.replace(/^<\?xml[^?]*\?>\n/, '').trimEnd();
  // eslint-disable-next-line no-control-regex -- these are the characters that XML forbids
  if (/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/.test(xml))
    throw new Error('forbidden character');
  const root: Node = { name: '', attributes: {}, children: [], text: '' };
  const open = [root];
  const token = /<\/([\w:-]+)>|<([\w:-]+)((?:\s+[\w:-]+="[^"<]*")*)\s*(\/?)>|([^<]+)|(<)/g;
  for (const [, close, name, attributes, empty, text, stray] of xml.matchAll(token)) {
    const parent = open[open.length - 1];
    if (stray !== undefined) throw new Error('a stray <');
    if (text !== undefined) parent.text += decode(text);
    else if (close !== undefined) {
      if (open.pop()!.name !== close) throw new Error(`</${close}> closes ${parent.name}`);
    } else {
      const pairs = [...attributes.matchAll(/([\w:-]+)="([^"]*)"/g)].map(([, key, value]) => [
        key,
        decode(value),
      ]);
      const node: Node = { name: name, attributes: Object.fromEntries(pairs), children: [], text: '' };
      if (Object.keys(node.attributes).length !== pairs.length)
        throw new Error(`${name} has an attribute twice`);
      parent.children.push(node);
      if (empty === '') open.push(node);
    }
  }
  if (open.length !== 1 || root.children.length !== 1 || root.text !== '')
    throw new Error('not one closed element');
  return root.children[0];
}

/** All elements of a name, in order. */
export function all(node: Node, name: string): Node[] {
  return [...(node.name === name ? [node] : []), ...node.children.flatMap((child) => all(child, name))];
}

/** All text of an element without what it shows on hover. */
export function visible(node: Node): string {
  return all(node, 'text')
    .map(({ text }) => text)
    .join('\n');
}

function decode(text: string): string {
  if (/&(?!(amp|lt|gt|quot|#39);)/.test(text)) throw new Error(`a bare & in ${text}`);
  return text.replace(/&(amp|lt|gt|quot|#39);/g, (_, entity: string) => entities[entity]);
}
