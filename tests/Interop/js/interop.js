// Quota's gRPC API as grpc-js sees it. Usage: node interop.js host:port
// The silo must have a namespace "acme" that allows the key "k1" and refuses the key "deny".
'use strict';
const path = require('path');
const grpc = require('@grpc/grpc-js');
const loader = require('@grpc/proto-loader');

const target = process.argv[2];
const protos = path.join(__dirname, '../../../src/Contracts/Protos');
const load = (file) => grpc.loadPackageDefinition(loader.loadSync(file, { includeDirs: [protos], keepCase: true, longs: Number, enums: String, defaults: true, oneofs: true }));
const { QuotaService } = load('quota/v1/quota.proto').quota.v1;
const { Health } = load('grpc/health/v1/health.proto').grpc.health.v1;
const { ServerReflection } = load('grpc/reflection/v1/reflection.proto').grpc.reflection.v1;

const credentials = grpc.credentials.createInsecure();
const soon = () => Date.now() + 10_000;
const check = (key, more) => ({ namespace: 'acme', key, ...more });
const unary = (client, method, request, metadata = new grpc.Metadata(), options = { deadline: soon() }) =>
  new Promise((resolve, reject) => client[method](request, metadata, options, (error, reply) => (error ? reject(error) : resolve(reply))));
const refusal = async (promise) => promise.then(() => { throw new Error('it succeeded'); }, (error) => error);
const equal = (actual, expected) => {
  if (JSON.stringify(actual) !== JSON.stringify(expected)) {
    throw new Error(`was ${JSON.stringify(actual)}, expected ${JSON.stringify(expected)}`);
  }
};

const quota = new QuotaService(target, credentials);
const compressed = new QuotaService(target, credentials, { 'grpc.default_compression_algorithm': grpc.compressionAlgorithms.gzip });
const health = new Health(target, credentials);
const reflection = new ServerReflection(target, credentials);

const cases = {
  async 'unary allowed'() {
    const reply = await unary(quota, 'CheckQuota', check('k1', { attributes: { route: '/a' }, headers: 'HEADER_DIALECT_DRAFT_11' }));
    equal([reply.allowed, reply.reason], [true, 'REASON_WITHIN_LIMITS']);
  },
  async 'unary refused'() {
    const reply = await unary(quota, 'CheckQuota', check('deny'));
    equal([reply.allowed, reply.reason, reply.limit.length > 0], [false, 'REASON_LIMIT_EXCEEDED', true]);
  },
  async 'error status and message'() {
    const error = await refusal(unary(quota, 'CheckQuota', check('')));
    equal([error.code, error.details], [grpc.status.INVALID_ARGUMENT, 'key: must be 1 to 256 bytes, was 0']);
  },
  async 'unknown method'() {
    const call = (resolve, reject) => quota.makeUnaryRequest('/quota.v1.QuotaService/Nothing', (b) => b, (b) => b, Buffer.alloc(0), (e, r) => (e ? reject(e) : resolve(r)));
    const error = await refusal(new Promise(call));
    equal([error.code, error.details], [grpc.status.UNIMPLEMENTED, 'unknown method Nothing of service quota.v1.QuotaService']);
  },
  async 'batch'() {
    const reply = await unary(quota, 'CheckQuotaBatch', { checks: [check('k1'), check(''), check('deny')] });
    equal(reply.results.map((r) => r.outcome), ['response', 'error', 'response']);
  },
  async 'gzip both ways'() {
    const checks = Array.from({ length: 200 }, () => check('k1'));
    const reply = await unary(compressed, 'CheckQuotaBatch', { checks });
    equal([reply.results.length, reply.results.every((r) => r.response.allowed)], [200, true]);
  },
  async 'metadata'() {
    const metadata = new grpc.Metadata();
    metadata.set('x-text', 'hello');
    metadata.set('x-data-bin', Buffer.from([0, 1, 255]));
    equal((await unary(quota, 'CheckQuota', check('k1'), metadata)).allowed, true);
  },
  'stream': () => new Promise((resolve, reject) => {
    const call = quota.StreamQuota({ deadline: soon() });
    const ids = [];
    call.on('data', (reply) => {
      ids.push(reply.correlation_id);
      if (ids.length === 100) {
        call.end();
      }
    });
    call.on('error', reject);
    call.on('end', () => {
      try {
        equal(ids, Array.from({ length: 100 }, (_, i) => i + 1));
        resolve();
      } catch (error) {
        reject(error);
      }
    });
    for (let id = 1; id <= 100; id++) {
      call.write({ correlation_id: id, checks: [check('k1', { detail: 'DETAIL_VERDICT' }), check('deny')] });
    }
  }),
  'deadline': () => new Promise((resolve, reject) => {
    const call = quota.StreamQuota({ deadline: Date.now() + 200 });
    call.on('data', () => {});
    call.on('error', (error) => (error.code === grpc.status.DEADLINE_EXCEEDED ? resolve() : reject(error)));
  }),
  'cancellation': () => new Promise((resolve, reject) => {
    const call = quota.StreamQuota({ deadline: soon() });
    call.on('data', () => call.cancel());
    call.on('error', (error) => (error.code === grpc.status.CANCELLED ? resolve() : reject(error)));
    call.write({ correlation_id: 1, checks: [check('k1')] });
  }),
  async 'health check'() {
    equal((await unary(health, 'Check', { service: 'quota.v1.QuotaService' })).status, 'SERVING');
    equal((await refusal(unary(health, 'Check', { service: 'nothing' }))).code, grpc.status.NOT_FOUND);
  },
  'health watch': () => new Promise((resolve, reject) => {
    const call = health.Watch({ service: '' }, { deadline: soon() });
    let seen;
    call.on('data', (reply) => {
      seen = reply.status;
      call.cancel();
    });
    call.on('error', () => (seen === 'SERVING' ? resolve() : reject(new Error(`saw ${seen}`))));
  }),
  'reflection': () => new Promise((resolve, reject) => {
    const call = reflection.ServerReflectionInfo({ deadline: soon() });
    call.on('data', (reply) => {
      const names = reply.list_services_response.service.map((s) => s.name);
      call.end();
      (names.includes('quota.v1.QuotaService') ? resolve : reject)(new Error(`saw ${names}`));
    });
    call.on('error', reject);
    call.write({ list_services: '*' });
  }),
};

(async () => {
  let failed = 0;
  for (const [name, run] of Object.entries(cases)) {
    try {
      await run();
      console.log(`ok ${name}`);
    } catch (error) {
      failed++;
      console.log(`not ok ${name}: ${error.message}`);
    }
  }
  process.exit(failed === 0 ? 0 : 1);
})();
