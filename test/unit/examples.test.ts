import { readExample, withCredential } from '../harness/n8n/examples';

test('an example gets the credential in the nodes of this package, and only there', () => {
	const { nodes } = withCredential(readExample('webhook-to-video'), 'the-id');
	const credentials = nodes.map(({ name, credentials: given }) => [name, given?.aiVideoApi?.id]);
	expect(credentials).toEqual([
		['Webhook', undefined],
		['Create Video', 'the-id'],
		['Answer With the Task', undefined],
		['Wait for Video', 'the-id'],
		['About This Workflow', undefined],
	]);
});
