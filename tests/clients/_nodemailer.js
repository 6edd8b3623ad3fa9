// _nodemailer.js PORT FROM (FILE RECIPIENT)...: sends the files over one connection.
'use strict';
const fs = require('fs');
const nodemailer = require('nodemailer');

const [port, from, ...pairs] = process.argv.slice(2);
const transport = nodemailer.createTransport({
  host: '127.0.0.1',
  port: Number(port),
  name: 'client.example',
  ignoreTLS: true,
  pool: true,
  maxConnections: 1,
});

async function sendAll() {
  for (let i = 0; i < pairs.length; i += 2) {
    const [file, to] = pairs.slice(i, i + 2);
    await transport.sendMail({ envelope: { from, to: [to] }, raw: fs.readFileSync(file) });
  }
  transport.close();
}

sendAll().catch((error) => {
  console.error(error);
  process.exit(1);
});
