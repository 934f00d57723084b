/**
 * Collects garbage, so that what is left is in use, and gives the memory of this process. For the
 * benchmark; needs NODE_OPTIONS=--expose-gc, and is loaded through N8N_CUSTOM_EXTENSIONS.
 */
const { setTimeout: sleep } = require('node:timers/promises');

class CollectGarbage {
	constructor() {
		this.description = {
			displayName: 'Collect Garbage',
			name: 'collectGarbage',
			group: ['transform'],
			version: 1,
			description: 'Collects garbage and gives the memory of this process',
			defaults: { name: 'Collect Garbage' },
			inputs: ['main'],
			outputs: ['main'],
			properties: [],
		};
	}

	async execute() {
		for (let time = 0; time < 3; time += 1) {
			Reflect.get(globalThis, 'gc')();
			await sleep(200);
		}
		return [[{ json: { ...process.memoryUsage() } }]];
	}
}

module.exports = { CollectGarbage };
