/**
 * A node as people write it without suspension, for comparison in the benchmark: it creates a task
 * and looks at it every five seconds inside `execute()`. Loaded through N8N_CUSTOM_EXTENSIONS.
 */
const { setTimeout: sleep } = require('node:timers/promises');

const INTERVAL_MS = 5_000;

class InProcessPoller {
	constructor() {
		this.description = {
			displayName: 'In-Process Poller',
			name: 'inProcessPoller',
			group: ['transform'],
			version: 1,
			description: 'Creates a task and looks at it every five seconds',
			defaults: { name: 'In-Process Poller' },
			inputs: ['main'],
			outputs: ['main'],
			properties: ['baseUrl', 'apiKey', 'imageUrl', 'prompt'].map((name) => ({
				displayName: name,
				name,
				type: 'string',
				default: '',
			})),
		};
	}

	async execute() {
		const baseURL = this.getNodeParameter('baseUrl', 0);
		const headers = { Authorization: `Bearer ${this.getNodeParameter('apiKey', 0)}` };
		const call = async (method, url, body) =>
			await this.helpers.httpRequest({ method, baseURL, url, body, headers, json: true });
		const { data } = await call('POST', '/v1/videos/generations', {
			model: 'kling-2.6',
			input: {
				prompt: this.getNodeParameter('prompt', 0),
				image_urls: [this.getNodeParameter('imageUrl', 0)],
				duration: 5,
				sound: false,
			},
		});
		for (;;) {
			await sleep(INTERVAL_MS);
			const task = await call('GET', `/v1/tasks/${data.taskId}`);
			if (task.status === 'completed' || task.status === 'failed') return [[{ json: task }]];
		}
	}
}

module.exports = { InProcessPoller };
