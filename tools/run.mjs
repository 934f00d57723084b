// The way in for every npm script. On an old Node this file must still load, to say so in one
// sentence: nothing but the version is looked at before the rest is loaded.
const WANTED = [20, 19];
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);

if (major < WANTED[0] || (major === WANTED[0] && minor < WANTED[1])) {
	console.error(
		`This needs Node ${WANTED.join('.')} or newer, and this is Node ${process.versions.node}.`,
	);
	process.exitCode = 1;
} else {
	const { main } = await import('./bootstrap/main.mjs');
	process.exitCode = await main(process.argv.slice(2));
}
