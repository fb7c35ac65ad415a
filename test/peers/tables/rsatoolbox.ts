import type { PeerTable } from '../agreement.js';
import { rsatoolboxChance } from './chance.js';
import { rsatoolboxRsa } from './rsa.js';

export const rsatoolbox: PeerTable = {
  peer: 'rsatoolbox',
  agreements: [...rsatoolboxRsa, ...rsatoolboxChance],
};
