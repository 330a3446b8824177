// An SM-SC made of node-smpp, driven by JSON lines on stdin and heard over stdout.
//
//   node server.js MODULES_DIR [KEY CERTIFICATE]     with these two (PEM), over TLS
//
// Commands:
//   {"command": "behave", ...}    what to do from now on; see `behaviour`
//   {"command": "mo", "source": "...", "destination": "...", "text": "..."}
//   {"command": "kick"}           drop every connection
// Events ("event"): listening, bound, refused, submit, answered, enquire_link, unbound,
// closed, error.
'use strict';

const fs = require('fs');
const path = require('path');
const readline = require('readline');
const smpp = require(path.join(path.resolve(process.argv[2]), 'smpp'));

const RESEND_AFTER = 3000;
const STATES = {
  ENROUTE: 1, DELIVRD: 2, EXPIRED: 3, DELETED: 4, UNDELIV: 5, ACCEPTD: 6, UNKNOWN: 7,
  REJECTD: 8,
};

const behaviour = {
  password: 'secret', // of any bind; others are ESME_RINVPASWD
  status: 0,          // command_status of every submit_sm_resp
  throttle: 0,        // so many submit_sm get ESME_RTHROTTLED before that
  receipt: 'both',    // tlv, text, both or none
  state: 'DELIVRD',   // what the receipt says
  delay: 0,           // milliseconds until the receipt
  receiptId: 'decimal', // or hex: how the receipt writes the message_id
};

const bound = new Set();
const outbox = new Map(); // number -> a deliver_sm not yet answered
let lastMessage = 4095;
let lastOutgoing = 0;

function say(event, values) {
  process.stdout.write(JSON.stringify({ event, ...values }) + '\n');
}

function hex(number) {
  return number.toString(16).toUpperCase();
}

// -- towards the ESME ------------------------------------------------------------

function send(number) {
  const entry = outbox.get(number);
  const session = [...bound].find((each) => each.mode !== 'bind_transmitter');
  if (!entry || !session) return;
  entry.sent = Date.now();
  session.deliver_sm({ ...entry.pdu }, (answer) => {
    say('answered', { kind: entry.kind, id: entry.id, status: answer.command_status });
    outbox.delete(number);
  });
}

function post(kind, id, pdu) {
  lastOutgoing += 1;
  outbox.set(lastOutgoing, { kind, id, pdu, sent: 0 });
  send(lastOutgoing);
}

// What was never answered goes again: after a while, and after a new bind.
function resend(olderThan) {
  const limit = Date.now() - olderThan;
  for (const [number, entry] of outbox) {
    if (entry.sent <= limit) send(number);
  }
}

function receiptText(id, state, text) {
  return `id:${id} sub:001 dlvrd:${state === 'DELIVRD' ? '001' : '000'} ` +
    `submit date:2601010000 done date:2601010000 stat:${state} ` +
    `err:${state === 'DELIVRD' ? '000' : '069'} text:${text.slice(0, 20)}`;
}

function sendReceipt(number, submitted, text) {
  const id = behaviour.receiptId === 'hex' ? hex(number) : String(number);
  const pdu = {
    source_addr_ton: submitted.dest_addr_ton,
    source_addr_npi: submitted.dest_addr_npi,
    source_addr: submitted.destination_addr,
    dest_addr_ton: submitted.source_addr_ton,
    dest_addr_npi: submitted.source_addr_npi,
    destination_addr: submitted.source_addr,
    esm_class: 4,
    short_message: '',
  };
  if (behaviour.receipt !== 'tlv') {
    pdu.short_message = receiptText(id, behaviour.state, text.replace(/[^ -~]/g, '?'));
  }
  if (behaviour.receipt !== 'text') {
    pdu.receipted_message_id = id;
    pdu.message_state = STATES[behaviour.state];
  }
  post('receipt', String(number), pdu);
}

// -- from the ESME ----------------------------------------------------------------

// The numbers of a segment, from sar_* or from a UDH element (TS 23.040 9.2.3.24).
function concatenation(pdu) {
  if (pdu.sar_total_segments) {
    return [pdu.sar_msg_ref_num, pdu.sar_total_segments, pdu.sar_segment_seqnum];
  }
  const udh = pdu.short_message && pdu.short_message.udh;
  for (const element of udh || []) {
    if (element[0] === 0) return [element[2], element[3], element[4]];
    if (element[0] === 8) return [element[2] * 256 + element[3], element[4], element[5]];
  }
  return null;
}

function onSubmit(session, pdu) {
  const body = pdu.message_payload || pdu.short_message || {};
  const text = typeof body.message === 'string' ? body.message : '';
  let status = behaviour.status;
  let id = '';
  if (behaviour.throttle > 0) {
    behaviour.throttle -= 1;
    status = smpp.ESME_RTHROTTLED;
  }
  if (status === 0) {
    lastMessage += 1;
    id = String(lastMessage);
  }
  say('submit', {
    id,
    status,
    text,
    source: pdu.source_addr,
    source_addr_ton: pdu.source_addr_ton,
    destination: pdu.destination_addr,
    dest_addr_ton: pdu.dest_addr_ton,
    data_coding: pdu.data_coding,
    esm_class: pdu.esm_class,
    registered_delivery: pdu.registered_delivery,
    concatenation: concatenation(pdu),
  });
  session.send(pdu.response({ command_status: status, message_id: id }));
  if (status === 0 && behaviour.receipt !== 'none' && pdu.registered_delivery & 1) {
    const number = lastMessage;
    setTimeout(() => sendReceipt(number, pdu, text), behaviour.delay);
  }
}

function onBind(session, pdu) {
  if (pdu.password !== behaviour.password) {
    say('refused', { mode: pdu.command, system_id: pdu.system_id });
    session.send(pdu.response({ command_status: smpp.ESME_RINVPASWD }));
    session.close();
    return;
  }
  session.mode = pdu.command;
  session.send(pdu.response({ system_id: 'node-smpp' }));
  bound.add(session);
  say('bound', { mode: pdu.command, system_id: pdu.system_id });
  resend(0);
}

function onSession(session) {
  for (const mode of ['bind_transceiver', 'bind_transmitter', 'bind_receiver']) {
    session.on(mode, (pdu) => onBind(session, pdu));
  }
  session.on('submit_sm', (pdu) => onSubmit(session, pdu));
  session.on('enquire_link', (pdu) => {
    say('enquire_link', {});
    session.send(pdu.response());
  });
  session.on('unbind', (pdu) => {
    say('unbound', {});
    bound.delete(session);
    session.send(pdu.response());
    session.close();
  });
  session.on('close', () => {
    bound.delete(session);
    say('closed', {});
  });
  session.on('error', (error) => say('error', { message: String(error) }));
}

// -- commands --------------------------------------------------------------------

const commands = {
  behave(values) {
    Object.assign(behaviour, values);
  },
  mo({ source, destination, text }) {
    post('mo', text, {
      source_addr_ton: 1,
      source_addr_npi: 1,
      source_addr: source,
      dest_addr_ton: 1,
      dest_addr_npi: 1,
      destination_addr: destination,
      short_message: text,
    });
  },
  kick() {
    for (const session of [...bound]) session.destroy();
  },
};

readline.createInterface({ input: process.stdin }).on('line', (line) => {
  const { command, ...values } = JSON.parse(line);
  commands[command](values);
}).on('close', () => process.exit(0));

setInterval(() => resend(RESEND_AFTER), 500).unref();
const [key, cert] = process.argv.slice(3, 5).map((name) => fs.readFileSync(name));
const server = smpp.createServer(key ? { key, cert } : {}, onSession);
server.listen(0, '127.0.0.1', () => say('listening', { port: server.address().port }));
