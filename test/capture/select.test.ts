import { describe, expect, it } from 'vitest';
import { selectLayers, type LayerSelection } from '../../src/capture/select.js';
import { OptionError } from '../../src/errors.js';

const layers = [
  ['image', 'InputLayer'],
  ['conv1', 'Conv2D'],
  ['conv1/relu', 'Activation'],
  ['drop', 'Dropout'],
  ['backbone/conv1', 'Conv2D'],
  ['backbone/block/conv2', 'Conv2D'],
  ['backbone', 'Functional'],
  ['enc@0', 'Dense'],
  ['enc@1', 'Dense'],
  ['logits', 'Dense'],
].map(([name, kind]) => ({ name, kind, shape: [null, 4] }));

const pick = (select?: LayerSelection): string[] => selectLayers(layers, select).map(({ name }) => name);

describe('selectLayers', () => {
  it('takes all but inputs and nested models as a whole by default', () => {
    expect(pick()).toEqual(
      layers.map((l) => l.name).filter((name) => name !== 'image' && name !== 'backbone'),
    );
  });

  it('takes a name, also one that the default leaves out', () => {
    expect(pick('logits')).toEqual(['logits']);
    expect(pick('backbone')).toEqual(['backbone']);
    expect(pick('image')).toEqual(['image']);
  });

  it.each([
    ['conv*', ['conv1', 'conv1/relu']],
    ['backbone/*', ['backbone/conv1', 'backbone/block/conv2']],
    ['*conv?', ['conv1', 'backbone/conv1', 'backbone/block/conv2']],
    ['*/conv[12]', ['backbone/conv1', 'backbone/block/conv2']],
    ['enc@*', ['enc@0', 'enc@1']],
    ['{logits,drop}', ['drop', 'logits']],
    ['!*o*', ['image', 'drop', 'enc@0', 'enc@1', 'logits'].filter((name) => !name.includes('o'))],
  ])('glob %s', (glob, names) => {
    expect(pick(glob)).toEqual(names);
  });

  it('takes comma lists and arrays, in order of execution and once', () => {
    const expected = ['conv1', 'backbone/conv1', 'logits'];
    expect(pick('logits, backbone/conv1,conv1')).toEqual(expected);
    expect(pick(['logits', /conv1$/, 'conv1'])).toEqual(expected);
  });

  it('takes a RegExp, a global one too, and a predicate', () => {
    expect(pick(/conv\d/g)).toEqual(['conv1', 'conv1/relu', 'backbone/conv1', 'backbone/block/conv2']);
    expect(pick(({ kind }) => kind === 'Dense')).toEqual(['enc@0', 'enc@1', 'logits']);
  });

  it('prefers a layer of exactly that name', () => {
    const odd = [
      { name: 'a,b', kind: 'Dense', shape: [1] },
      { name: 'a', kind: 'Dense', shape: [1] },
    ];
    expect(selectLayers(odd, 'a,b')).toEqual([odd[0]]);
  });

  it.each([
    ['op:Conv2D', ['conv1', 'backbone/conv1', 'backbone/block/conv2']],
    ['op:D{ense,ropout}', ['drop', 'enc@0', 'enc@1', 'logits']],
    ['op:*Layer, op:Activation, logits', ['image', 'conv1/relu', 'logits']],
    ['op:!*e*', layers.filter(({ kind }) => !kind.includes('e')).map(({ name }) => name)],
  ])('%s', (select, names) => {
    expect(pick(select)).toEqual(names);
  });

  it('finds a fused op by its whole kind and by each of its parts', () => {
    const fused = [
      { name: 'a', kind: '_FusedConv2D+BiasAdd+Relu6', shape: [1] },
      { name: 'b', kind: '_FusedMatMul+BiasAdd', shape: [1] },
      { name: 'c', kind: 'Relu6', shape: [1] },
    ];
    const names = (select: string) => selectLayers(fused, select).map(({ name }) => name);
    expect(names('op:Relu6')).toEqual(['a', 'c']);
    expect(names('op:_Fused*')).toEqual(['a', 'b']);
    expect(names('op:_FusedConv2D+BiasAdd+Relu6')).toEqual(['a']);
    expect(names('op:BiasAdd')).toEqual(['a', 'b']);
    expect(() => names('op:Relu')).toThrow("layers: no layer matches 'op:Relu'; did you mean 'op:Relu6'");
  });

  it('leaves out by default what its listing says, and takes it by name', () => {
    const graph = [
      { name: 'x', kind: 'Placeholder', shape: [1], leftOut: 'an input' },
      { name: 'y', kind: 'Relu', shape: [1] },
      { name: 'z', kind: 'Identity', shape: [1], leftOut: 'it hands its input on' },
    ];
    expect(selectLayers(graph)).toEqual([graph[1]]);
    expect(selectLayers(graph, 'z')).toEqual([graph[2]]);
    expect(() => selectLayers([graph[0]])).toThrow(/leaves no layer; there are x/);
    expect(() => selectLayers([graph[0], graph[2]])).toThrow(
      "leaves no layer; 'z' is left out: it hands its input on",
    );
  });

  it('names the closest layers when nothing matches', () => {
    expect(() => pick('logit')).toThrow(OptionError);
    expect(() => pick('logit')).toThrow("layers: no layer matches 'logit'; did you mean 'logits'");
    expect(() => pick('conv2')).toThrow(/did you mean .*'backbone\/block\/conv2'/);
    expect(() => pick('conv1,nothing*')).toThrow(/'nothing\*'/);
    expect(() => pick(/^x/)).toThrow(/no layer matches \/\^x\/; there are image, conv1/);
    expect(() => pick('conv1,')).toThrow(/no layer matches ''/);
    expect(() => pick('op:Dens')).toThrow("layers: no layer matches 'op:Dens'; did you mean 'op:Dense'");
    expect(() => pick('op:')).toThrow(/no layer matches 'op:'/);
    expect(() => pick('op:logits')).toThrow(/no layer matches 'op:logits'; did you mean 'op:/);
  });

  it('refuses a selection that leaves nothing, or is none', () => {
    expect(() => pick([])).toThrow(/leaves no layer/);
    expect(() => pick(() => false)).toThrow(/leaves no layer/);
    expect(() => selectLayers([layers[0]])).toThrow(/leaves no layer; there are image/);
    expect(() => pick(3 as never)).toThrow(/layers is 3: give a name/);
  });
});
