/**
 * Runs a program that is not Node in this process's group, so that the harness can end it like any
 * other server: `node native.cjs <uid or -> <gid or -> <program> [arguments]`. SIGTERM is passed on
 * as SIGINT, which PostgreSQL takes for “end now and tidy up” and Redis for the same.
 */
const { spawn } = require('node:child_process');

const [uid, gid, program, ...args] = process.argv.slice(2);
const identity = uid === '-' ? {} : { uid: Number(uid), gid: Number(gid) };
const child = spawn(program, args, { stdio: ['ignore', 'inherit', 'inherit'], ...identity });

process.on('SIGTERM', () => child.kill('SIGINT'));
child.on('error', (error) => {
	console.error(error.message);
	process.exit(1);
});
child.on('exit', (code) => process.exit(code ?? 1));
