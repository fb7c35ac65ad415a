/** Every peer with what is compared with it. */
import type { PeerTable } from './agreement.js';
import { ccaZoo } from './tables/cca-zoo.js';
import { dcor } from './tables/dcor.js';
import { hoggorm } from './tables/hoggorm.js';
import { mlstatkit } from './tables/areas.js';
import { repsim } from './tables/repsim.js';
import { rsatoolbox } from './tables/rsatoolbox.js';
import { scipy } from './tables/scipy.js';
import { sklearn } from './tables/sklearn.js';
import { statsmodels } from './tables/statsmodels.js';
import { ckatorch, pytorchCka, torchCka } from './tables/torch.js';

export const tables: readonly PeerTable[] = [
  sklearn,
  scipy,
  statsmodels,
  rsatoolbox,
  hoggorm,
  dcor,
  ccaZoo,
  mlstatkit,
  repsim,
  torchCka,
  ckatorch,
  pytorchCka,
];
