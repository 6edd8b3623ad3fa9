// _nodemailer.js PORT implicit|starttls CA FROM TO: sends a message, and insists on TLS.
'use strict';
const fs = require('fs');
const nodemailer = require('nodemailer');

const [port, mode, ca, from, to] = process.argv.slice(2);
const transport = nodemailer.createTransport({
  host: '127.0.0.1',
  port: Number(port),
  name: 'client.example',
  secure: mode === 'implicit',
  requireTLS: true,
  tls: { servername: 'mx.example.test', ca: fs.readFileSync(ca) },
});

transport
  .sendMail({ envelope: { from, to: [to] }, raw: fs.readFileSync(0) })
  .then(() => transport.close())
  .catch((error) => {
    console.error(error);
    process.exit(1);
  });
