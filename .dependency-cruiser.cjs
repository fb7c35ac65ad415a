/**
 * The house, as CONTRIBUTING.md draws it: data moves from left to right, and a room imports only from rooms to its left.
 *
 * matrix ─▶ engines ─▶ factor ─▶ pairwise ─▶ measures ─▶ inference ─▶ compare ─▶ transfer ─▶ report ─▶ node ─▶ cli
 *                          io ─▶ capture ───────────────────┘
 */

/** What every room may use. */
const ground = ['^src/(errors|matrix|options|random)\\.ts$'];

const room = (name) => `^src/${name}/`;

/** Each room with the rooms it may import from. */
const house = {
  engines: [],
  factor: ['engines'],
  pairwise: ['engines', 'factor'],
  measures: ['engines', 'factor', 'pairwise'],
  inference: ['engines', 'factor', 'pairwise', 'measures'],
  io: [],
  capture: ['io'],
  compare: ['engines', 'factor', 'pairwise', 'measures', 'inference', 'io', 'capture'],
  transfer: ['engines', 'factor', 'pairwise', 'measures', 'inference', 'io', 'capture', 'compare'],
  report: ['engines', 'factor', 'pairwise', 'measures', 'inference', 'io', 'capture', 'compare', 'transfer'],
};

/** Interfaces without code, which any file may import as types. */
const contracts = ['^src/engines/engine\\.ts$'];

/** Files of measures/ that belong to no single measure: records, registry, presets and formulas that several share. */
const sharedFormulas =
  'measure|registry|presets|functions|run-pair|pair|chance|correlations|inner-products|raw|scaled-cross|lapack-svd|lapack-bidiagonal';

const typeOnly = ['type-only', 'type-import'];

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    {
      name: 'no-cycles',
      comment:
        'Files that need each other are one idea, or hide a third. Type-only imports leave nothing at run time.',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: typeOnly } },
    },
    {
      name: 'no-missing-file',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true, pathNot: '^@tensorflow/tfjs-node(-gpu)?$' },
    },
    {
      name: 'declared-packages-only',
      comment: 'What is published may only import what package.json gives its users.',
      severity: 'error',
      from: { path: '^src/' },
      to: {
        dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown'],
        dependencyTypesNot: ['npm-peer', 'npm'],
      },
    },

    {
      name: 'ground-stands-alone',
      comment: 'errors, matrix, options and random are used by all rooms and know none.',
      severity: 'error',
      from: { path: ground },
      to: { path: '^src/', pathNot: [...ground, ...contracts] },
    },
    {
      name: 'contracts-as-types',
      comment: 'A contract has no code to import.',
      severity: 'error',
      from: { path: '^src/' },
      to: { path: contracts, dependencyTypesNot: typeOnly },
    },
    ...Object.entries(house).map(([name, left]) => ({
      name: `${name}-looks-left`,
      comment: `${name} may import from: ${['errors, matrix, options, random', ...left].join(', ')}.`,
      severity: 'error',
      from: { path: room(name) },
      to: { path: '^src/', pathNot: [...ground, ...contracts, room(name), ...left.map(room)] },
    })),
    {
      name: 'node-below-cli',
      severity: 'error',
      from: { path: room('node') },
      to: { path: room('cli') },
    },
    {
      name: 'src-stands-alone',
      comment: 'The library does not need its tests, benchmarks or examples.',
      severity: 'error',
      from: { path: '^src/' },
      to: { path: '^(test|bench|examples|scripts|docs)/' },
    },

    {
      name: 'neutral-entry',
      comment:
        'import("svcca") runs in a browser: nothing it reaches may be of Node, of the command line or of the report.',
      severity: 'error',
      from: { path: '^src/index\\.ts$' },
      to: { path: ['^src/(node|cli|report)/'], reachable: true },
    },
    {
      name: 'no-node-built-ins',
      comment: 'Files, threads and processes live in node/ and cli/ only.',
      severity: 'error',
      from: { path: '^src/', pathNot: [room('node'), room('cli')] },
      to: { dependencyTypes: ['core'], dependencyTypesNot: typeOnly },
    },

    {
      name: 'tensorflow-late',
      comment:
        'TensorFlow.js is large and the user may not have it: import() where it is needed, or import type.',
      severity: 'error',
      from: { path: '^src/' },
      to: { path: '@tensorflow/', dynamic: false, dependencyTypesNot: typeOnly },
    },
    {
      name: 'engines-by-select',
      comment:
        'The rest of the house knows the contract (engine.ts) and openEngine (select.ts), never one engine.',
      severity: 'error',
      from: { path: '^src/', pathNot: ['^src/engines/[^/]+/', '^src/engines/select\\.ts$'] },
      to: { path: '^src/engines/', pathNot: '^src/engines/(engine|select|scope)\\.ts$' },
    },
    {
      name: 'engines-apart',
      comment: 'An engine imports nothing from another engine, and of select.ts only types.',
      severity: 'error',
      from: { path: '^src/engines/([^/]+)/' },
      to: {
        path: '^src/engines/',
        pathNot: ['^src/engines/$1/', '^src/engines/(engine|scope)\\.ts$'],
        dependencyTypesNot: typeOnly,
      },
    },
    {
      name: 'engines-late',
      comment: 'select.ts loads an engine when it is opened, and not before.',
      severity: 'error',
      from: { path: '^src/engines/select\\.ts$' },
      to: { path: '^src/engines/[^/]+/', dynamic: false, dependencyTypesNot: typeOnly },
    },
    {
      name: 'measures-apart',
      comment:
        'A measure is one file (or several with its name as prefix); what two measures share is a named formula.',
      severity: 'error',
      from: {
        path: '^src/measures/([^/-]+)[^/]*\\.ts$',
        pathNot: '^src/measures/(registry|presets|functions)\\.ts$',
      },
      to: {
        path: '^src/measures/',
        pathNot: [`^src/measures/(${sharedFormulas})\\.ts$`, '^src/measures/$1-'],
      },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'types', 'default'],
      mainFields: ['module', 'main', 'types'],
    },
  },
};
