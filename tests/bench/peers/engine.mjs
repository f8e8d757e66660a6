// Fills forms with @getodk/xforms-engine over JSON lines, like tests/java/JavaRosaPeer.java.
// Run with: node --expose-gc engine.mjs, in the folder of package.json.
import fs from 'node:fs';
import { createRequire } from 'node:module';
import readline from 'node:readline';
import { JSDOM } from 'jsdom';

// The engine expects a browser's DOM and loads its parser the CommonJS way under Node.
const page = new JSDOM('<!doctype html><html><body></body></html>', { url: 'http://localhost/' });
const NAMES = [
  'window', 'document', 'DOMParser', 'XMLSerializer', 'Node', 'Element', 'Attr', 'Document',
  'XMLDocument', 'Text', 'Comment', 'CDATASection', 'ProcessingInstruction', 'XPathResult',
  'XPathEvaluator', 'HTMLElement', 'CharacterData', 'NodeFilter', 'DOMException',
];
for (const name of NAMES) globalThis[name] = page.window[name];
globalThis.__dirname = process.cwd();
globalThis.__filename = 'engine.mjs';
globalThis.require = createRequire(import.meta.url);
const engine = await import('@getodk/xforms-engine');

let xform = '';
let media = '';
let root = null;
const known = new Map();

const attachment = async (url) => {
  const path = `${media}/${String(url).split('/').at(-1)}`;
  return fs.existsSync(path)
    ? new Response(fs.readFileSync(path), { status: 200 })
    : new Response('', { status: 404 });
};

const open = async () => {
  known.clear();
  const options = { form: { fetchFormAttachment: attachment }, instance: { stateFactory: (x) => x } };
  root = (await engine.createInstance(xform, options)).root;
};

const node = (path) => {
  if (!known.has(path)) {
    known.clear();
    const waiting = [root];
    while (waiting.length) {
      const here = waiting.pop();
      known.set(here.currentState.reference, here);
      waiting.push(...(here.currentState.children ?? []));
    }
  }
  if (!known.has(path)) throw new Error(`no node ${path}`);
  return known.get(path);
};

const set = (path, value) => {
  const target = node(path);
  if (target.nodeType === 'select') target.selectValue(value);
  else target.setValue(target.valueType === 'int' ? BigInt(value) : value);
};

const memory = async () => {
  for (let turn = 0; turn < 3; turn++) {
    gc();
    await new Promise((done) => setTimeout(done, 50));
  }
  return process.memoryUsage().heapUsed / 1048576;
};

const time = async ({ warm, times, steps, budget_ms: budget = Infinity }) => {
  const spent = [];
  let all = 0;
  for (let turn = 0; spent.length < times && (!spent.length || all < budget); turn++) {
    const begun = performance.now();
    for (const one of steps[turn % steps.length]) await run(one);
    const took = performance.now() - begun;
    if (turn >= warm || all > budget / 2) spent.push(took);
    all += took;
  }
  return spent.sort((a, b) => a - b)[Math.floor(spent.length / 2)];
};

const run = async (request) => {
  switch (request.op) {
    case 'load':
      xform = fs.readFileSync(request.xform, 'utf8');
      media = request.media;
      return open();
    case 'open':
      return open();
    case 'walk':
      return null;
    case 'set':
    case 'count':
      return set(request.path, request.value) ?? null;
    case 'value':
      return String(node(request.path).currentState.instanceValue ?? '');
    case 'choices':
      return node(request.path).currentState.valueOptions.length;
    case 'memory':
      return memory();
    case 'time':
      return time(request);
    default:
      throw new Error(`no operation ${request.op}`);
  }
};

for await (const line of readline.createInterface({ input: process.stdin })) {
  let reply;
  try {
    reply = { ok: true, value: (await run(JSON.parse(line))) ?? null };
  } catch (error) {
    reply = { ok: false, error: String(error?.stack ?? error).slice(0, 400) };
  }
  process.stdout.write(`${JSON.stringify(reply)}\n`);
}
process.exit(0);
