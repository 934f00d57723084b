import getPort from 'get-port';

const HOST = '127.0.0.1';

/** A free loopback port; no two calls of this process get the same one. */
export async function freePort(): Promise<number> {
	return await getPort({ host: HOST });
}
