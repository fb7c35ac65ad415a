import type { PeerTable } from '../agreement.js';
import { rsatoolboxRsa } from './rsa.js';

export const rsatoolbox: PeerTable = { peer: 'rsatoolbox', agreements: rsatoolboxRsa };
