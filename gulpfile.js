const { rm } = require('node:fs/promises');
const { dest, src } = require('gulp');
const { rollup } = require('rollup');

/** Where TypeScript leaves what is bundled. */
const COMPILED = '.cache/build';

/** The pictures of the README, of those that the browser suite takes. */
const PICTURES = '.cache/screenshots/{canvas,create-panel,result,trigger-panel}.png';

exports.clean = async () => {
	for (const folder of ['dist', COMPILED]) await rm(folder, { recursive: true, force: true });
};

/** A file for each class that n8n looks for, and one that they share: n8n loads them in half the time. */
exports.bundle = async () => {
	const names = [
		'nodes/Kling/Kling.node',
		'nodes/Kling/KlingTrigger.node',
		'credentials/AiVideoApi.credentials',
	];
	const isEntry = (file) => names.some((name) => file.endsWith(`${name}.js`));
	const bundle = await rollup({
		input: Object.fromEntries(names.map((name) => [name, `${COMPILED}/${name}.js`])),
		external: ['n8n-workflow', 'zod', 'node:crypto'],
	});
	await bundle.write({
		dir: 'dist',
		format: 'cjs',
		exports: 'named',
		chunkFileNames: 'nodes/Kling/[name].js',
		manualChunks: (file) => (isEntry(file) ? undefined : 'shared'),
	});
	await bundle.close();
};

/** Copies what TypeScript does not: the icons and the codex files, to where the nodes look for them. */
exports.assets = () =>
	src('nodes/**/*.{svg,node.json}', { base: '.', encoding: false }).pipe(dest('dist'));

exports.screenshots = () => src(PICTURES, { encoding: false }).pipe(dest('docs/screenshots'));
