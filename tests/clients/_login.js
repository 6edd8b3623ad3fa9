// _login.js PORT MODE CA MECHANISM USER FROM TO: logs in with nodemailer and sends standard input.
// The password, or the token of XOAUTH2, is in PASSWORD.
'use strict';
const fs = require('fs');
const nodemailer = require('nodemailer');

const [port, mode, ca, mechanism, user, from, to] = process.argv.slice(2);
const secret = process.env.PASSWORD;
const transport = nodemailer.createTransport({
  host: '127.0.0.1',
  port: Number(port),
  name: 'client.example',
  secure: mode === 'implicit',
  requireTLS: true,
  tls: { servername: 'mx.example.test', ca: fs.readFileSync(ca) },
  authMethod: mechanism === 'auto' ? undefined : mechanism,
  auth: mechanism === 'XOAUTH2' ? { type: 'OAuth2', user, accessToken: secret } : { user, pass: secret },
});

transport
  .sendMail({ envelope: { from, to: [to] }, raw: fs.readFileSync(0) })
  .then(() => transport.close())
  .catch((error) => {
    console.error(error);
    process.exit(1);
  });
