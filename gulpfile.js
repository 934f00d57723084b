const { dest, src } = require('gulp');

/** Copies what TypeScript does not: the icons and the codex files, to where the nodes look for them. */
function assets() {
	return src('nodes/**/*.{svg,node.json}', { base: '.', encoding: false }).pipe(dest('dist'));
}

exports.default = assets;
