/**
 * Preloaded into every server process the harness starts. File descriptor 3 is a pipe whose other
 * end only the harness holds: it closes when the harness dies, however it dies, and then the whole
 * process group goes with it.
 */
const { Socket } = require('node:net');

const parent = new Socket({ fd: 3 });
parent.on('error', () => {});
parent.on('close', () => process.kill(-process.pid, 'SIGKILL'));
parent.resume();
parent.unref();
