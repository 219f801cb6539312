// Runs the conformance cases with Node's gRPC client.
//
//     node conformance.js CASES PROTO_FOLDER DATA_PLANE CONTROL_PLANE
//
// tests/conformance/README.md explains the cases.
'use strict';

const fs = require('fs');
const path = require('path');
const grpc = require('@grpc/grpc-js');
const loader = require('@grpc/proto-loader');
const protobuf = require('protobufjs');

const DEADLINE_S = 30;
const ANSWER_CHARACTERS = 2000; // of an answer that is shown
const [casesFile, protoFolder, dataPlane, controlPlane] = process.argv.slice(2);

const loaded = loader.loadSync(['assent/v1/assignment_service.proto', 'assent/v1/consent_service.proto'], {
  includeDirs: [protoFolder], keepCase: true, longs: String, enums: String, defaults: true,
});
const assent = grpc.loadPackageDefinition(loaded).assent.v1;
const root = new protobuf.Root();
root.resolvePath = (origin, target) => (protobuf.common.get(target) ? target : path.join(protoFolder, target));
root.loadSync(['google/rpc/status.proto', 'google/rpc/error_details.proto'], { keepCase: true });
const RpcStatus = root.lookupType('google.rpc.Status');
const ErrorInfo = root.lookupType('google.rpc.ErrorInfo');

// {reason, domain, field, …} of the one ErrorInfo among the details; {} where there is none.
function errorInfo(details) {
  for (const detail of details) {
    if (detail.type_url === 'type.googleapis.com/google.rpc.ErrorInfo') {
      const info = ErrorInfo.decode(detail.value);
      return { reason: info.reason, domain: info.domain, ...info.metadata };
    }
  }
  return {};
}

function rpcError(failure) {
  const code = grpc.status[failure.code];
  const [bytes] = failure.metadata.get('grpc-status-details-bin');
  if (!bytes) return { error: { code } };
  const status = RpcStatus.decode(bytes);
  if (status.code !== failure.code) throw new Error('the status and its details disagree');
  return { error: { code, ...errorInfo(status.details) } };
}

// The requests of the cases are proto JSON; this client takes a timestamp as a message.
function fromJson(value, key) {
  if (Array.isArray(value)) return value.map((entry) => fromJson(entry, key));
  if (value && typeof value === 'object') {
    return Object.fromEntries(Object.entries(value).map(([name, entry]) => [name, fromJson(entry, name)]));
  }
  if (/(^|_)time$/.test(key) && typeof value === 'string') {
    return { seconds: Math.floor(Date.parse(value) / 1000), nanos: 0 };
  }
  return value;
}

function toJson(answer) {
  if (!answer.error) return answer;
  return { ...answer, error: { code: grpc.status[answer.error.code], ...errorInfo(answer.error.details) } };
}

const clients = [
  new assent.AssignmentService(dataPlane, grpc.credentials.createInsecure()),
  new assent.ConsentService(controlPlane, grpc.credentials.createInsecure()),
];

// Resolves to {response}, {responses} or {error: {code, reason, field, …}}.
function call(step) {
  const client = clients.find((candidate) => typeof candidate[step.call] === 'function');
  const options = { deadline: Date.now() + DEADLINE_S * 1000 };
  return new Promise((resolve) => {
    if (!step.requests) {
      client[step.call](fromJson(step.request), options, (failure, response) => {
        resolve(failure ? rpcError(failure) : { response });
      });
      return;
    }
    const responses = [];
    const stream = client[step.call](options);
    stream.on('data', (answer) => responses.push(toJson(answer)));
    stream.on('error', (failure) => resolve(rpcError(failure)));
    stream.on('end', () => resolve({ responses }));
    step.requests.forEach((request) => stream.write(fromJson(request)));
    stream.end();
  });
}

const isObject = (value) => value !== null && typeof value === 'object' && !Array.isArray(value);
const isEmpty = (value) => value === undefined || value === null || value === '' || value === 0 ||
  (typeof value === 'object' && Object.keys(value).length === 0);

const PREDICATES = {
  $length: (wanted, actual) => Array.isArray(actual) && actual.length === wanted.$length,
  $above: (wanted, actual) => typeof actual === 'number' && actual > wanted.$above,
  $near: (wanted, actual) => typeof actual === 'number' && Math.abs(actual - wanted.$near) <= wanted.within,
  $set: (wanted, actual) => isEmpty(actual) !== wanted.$set,
};

// What is wrong, as a list. Objects match when each named member does; `$` objects are predicates.
function complaints(wanted, actual, where) {
  const complaint = [`${where}: wanted ${JSON.stringify(wanted)}, got ${JSON.stringify(actual)}`];
  if (Array.isArray(wanted)) {
    if (!Array.isArray(actual) || actual.length !== wanted.length) return complaint;
    return wanted.flatMap((entry, i) => complaints(entry, actual[i], `${where}[${i}]`));
  }
  if (!isObject(wanted)) return wanted === actual ? [] : complaint;
  const predicate = Object.keys(wanted).find((key) => key.startsWith('$'));
  if (predicate) return PREDICATES[predicate] && PREDICATES[predicate](wanted, actual) ? [] : complaint;
  if (!isObject(actual)) return complaint;
  return Object.entries(wanted).flatMap(([key, entry]) => complaints(entry, actual[key], `${where}.${key}`));
}

function sumComplaints(rule, response) {
  const total = response[rule.over].reduce((sum, entry) => sum + entry[rule.member], 0);
  const wanted = rule.to.reduce((sum, name) => (name[0] === '-' ? sum - response[name.slice(1)] : sum + response[name]), 0);
  const close = Math.abs(total - wanted) <= 1e-9 * Math.max(1, Math.abs(wanted));
  return close ? [] : [`${rule.member} sums to ${total}, wanted ${wanted}`];
}

function substitute(value, saved) {
  if (Array.isArray(value)) return value.map((entry) => substitute(entry, saved));
  if (isObject(value)) {
    if ('$repeat' in value) return value.$repeat.repeat(value.times);
    return Object.fromEntries(Object.entries(value).map(([key, entry]) => [key, substitute(entry, saved)]));
  }
  if (typeof value !== 'string') return value;
  return Object.entries(saved).reduce((text, [name, known]) => text.split('${' + name + '}').join(known), value);
}

async function runStep(original, saved) {
  const step = substitute(original, saved);
  const outcome = await call(step);
  const wrong = complaints(step.expect, outcome, step.call);
  if (wrong.length) return [...wrong, `answered ${JSON.stringify(outcome).slice(0, ANSWER_CHARACTERS)}`];
  for (const [name, where] of Object.entries(step.save || {})) {
    saved[name] = where.split('.').reduce((value, part) => value[part], outcome.response);
  }
  return (step.sums || []).flatMap((rule) => sumComplaints(rule, outcome.response));
}

async function main() {
  const { cases } = JSON.parse(fs.readFileSync(casesFile, 'utf8'));
  let failed = 0;
  for (const [number, { name, steps }] of cases.entries()) {
    const saved = { subject: `case-${number}` };
    let wrong = [];
    for (let i = 0; i < steps.length && wrong.length === 0; i += 1) {
      wrong = (await runStep(steps[i], saved)).map((text) => `step ${i + 1}: ${text}`);
    }
    console.log(`${wrong.length ? 'FAIL' : 'ok  '} ${name}`);
    wrong.forEach((text) => console.log(`     ${text}`));
    failed += wrong.length ? 1 : 0;
  }
  clients.forEach((client) => client.close());
  console.log(`node: ${cases.length - failed} passed, ${failed} failed`);
  process.exitCode = failed || !cases.length ? 1 : 0;
}

main();
