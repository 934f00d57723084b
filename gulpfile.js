const { rm } = require('node:fs/promises');
const { dest, src } = require('gulp');

/** The pictures of the README, of those that the browser suite takes. */
const PICTURES = '.cache/screenshots/{canvas,create-panel,result,trigger-panel}.png';

exports.clean = () => rm('dist', { recursive: true, force: true });

/** Copies what TypeScript does not: the icons and the codex files, to where the nodes look for them. */
exports.assets = () =>
	src('nodes/**/*.{svg,node.json}', { base: '.', encoding: false }).pipe(dest('dist'));

exports.screenshots = () => src(PICTURES, { encoding: false }).pipe(dest('docs/screenshots'));
