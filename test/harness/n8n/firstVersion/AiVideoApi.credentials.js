/** The credential as the first version had it. */
class AiVideoApi {
	name = 'aiVideoApi';
	displayName = 'AI Video API';
	properties = [
		{ displayName: 'API Key', name: 'apiKey', type: 'string', default: '' },
		{ displayName: 'Base URL', name: 'baseUrl', type: 'string', default: '' },
	];
	authenticate = {
		type: 'generic',
		properties: { headers: { Authorization: '=Bearer {{ $credentials.apiKey }}' } },
	};
}

module.exports = { AiVideoApi };
