/**
 * Pages of file services that show a file to people. The API fetches what stands at an address, and
 * there it is a web page and no image.
 */

const DRIVE_HOSTS = new Set(['drive.google.com', 'docs.google.com']);
const DROPBOX_HOSTS = new Set(['dropbox.com', 'www.dropbox.com']);

const AS_FILE = 'Or download it first with the node of that service, and set Image Source to File.';

/** How to get the file's own address, where this is the address of a page that shows it; else null. */
export function sharePageHint(url: URL): string | null {
	const host = url.hostname.toLowerCase();
	if (DRIVE_HOSTS.has(host)) return driveHint(url);
	return DROPBOX_HOSTS.has(host) ? dropboxHint(url) : null;
}

function driveHint(url: URL): string | null {
	const { pathname, searchParams } = url;
	// What Google Drive serves files from.
	if (pathname.startsWith('/uc') || pathname.startsWith('/thumbnail')) return null;
	const id = /\/d\/([\w-]+)/.exec(pathname)?.[1] ?? searchParams.get('id');
	const direct = `https://drive.google.com/uc?export=download&id=${id ?? '<the ID of the file>'}`;
	return `Share the file with anyone who has the link, and give its direct address: ${direct}. ${AS_FILE}`;
}

function dropboxHint(url: URL): string | null {
	const { pathname, searchParams } = url;
	const isFolder = /^\/(sh|scl\/fo)\//.test(pathname);
	const isDirect = searchParams.get('raw') === '1' || searchParams.get('dl') === '1';
	if (isFolder) return `Open the folder and copy the link of the image itself. ${AS_FILE}`;
	if (isDirect) return null;
	const direct = new URL(url);
	direct.searchParams.delete('dl');
	direct.searchParams.set('raw', '1');
	return `Give its direct address, which ends in raw=1: ${direct.href}. ${AS_FILE}`;
}
