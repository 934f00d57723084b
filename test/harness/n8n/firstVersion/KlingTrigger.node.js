/** Stands in for the trigger of the first version: what it left in a workflow's static data. */
class KlingTrigger {
	description = {
		displayName: 'Kling Trigger',
		name: 'klingTrigger',
		group: ['trigger'],
		version: 1,
		description: 'The first version',
		defaults: { name: 'Kling Trigger' },
		inputs: [],
		outputs: ['main'],
		credentials: [{ name: 'aiVideoApi', required: true }],
		webhooks: [
			{
				name: 'default',
				httpMethod: 'POST',
				responseMode: 'onReceived',
				path: '={{ "kling/" + $workflow.id }}',
				isFullPath: true,
			},
		],
		properties: [],
	};

	webhookMethods = {
		default: {
			async checkExists() {
				return false;
			},
			async create() {
				const url = this.getNodeWebhookUrl('default');
				this.getWorkflowStaticData('global').klingTrigger = { url };
				return true;
			},
			async delete() {
				delete this.getWorkflowStaticData('global').klingTrigger;
				return true;
			},
		},
	};

	async webhook() {
		const task = this.getBodyData();
		const store = this.getWorkflowStaticData('node');
		store.klingDelivered = [...(store.klingDelivered ?? []), task.id];
		this.getResponseObject().status(200).json({ message: 'Workflow started' });
		return { noWebhookResponse: true, workflowData: [[{ json: { taskId: task.id } }]] };
	}
}

module.exports = { KlingTrigger };
