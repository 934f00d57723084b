import { isPrivateHost, isReachableFromApi } from '../../nodes/Kling/api/address';

test.each(
	'localhost n8n nas.local NAS.Local. 127.0.0.1 10.1.2.3 172.16.0.1 172.31.0.1 192.168.1.2 169.254.0.1 100.64.0.1 [::1] [fd00::1] [fe80::1] [::ffff:a00:7]'.split(
		' ',
	),
)('%s is private', (host) => {
	expect(isPrivateHost(host)).toBe(true);
});

test.each(['n8n.example.com', 'local.example', '172.32.0.1', '11.0.0.1', '[2001:db8::1]'])(
	'%s is public',
	(host) => {
		expect(isPrivateHost(host)).toBe(false);
	},
);

test('a private address can be reached by a private API alone', () => {
	expect(isReachableFromApi('http://10.0.0.7/x', 'https://api.aivideoapi.ai')).toBe(false);
	expect(isReachableFromApi('http://10.0.0.7/x', 'http://localhost:4010')).toBe(true);
});
