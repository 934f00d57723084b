const MP4 = { mimeType: 'video/mp4', extension: 'mp4' };
const QUICKTIME = { mimeType: 'video/quicktime', extension: 'mov' };
const WEBM = { mimeType: 'video/webm', extension: 'webm' };
const MATROSKA = { mimeType: 'video/x-matroska', extension: 'mkv' };

/** How many bytes of a file tell which video it is. */
export const VIDEO_START_LENGTH = 64;

/** The first box of a QuickTime file from before there was `ftyp` (QuickTime File Format). */
const OLD_QUICKTIME_BOXES = ['moov', 'mdat', 'wide'];

/** Which video a file is by its first bytes, whatever its host calls it; null when it is none. */
export function videoTypeOf(start: Uint8Array): typeof MP4 | null {
	const text = String.fromCharCode(...start.slice(0, VIDEO_START_LENGTH));
	// A box is four bytes of length, then its name (ISO/IEC 14496-12); `ftyp` goes on with the brand.
	const [box, brand] = [text.slice(4, 8), text.slice(8, 12)];
	if (box === 'ftyp') return brand === 'qt  ' ? QUICKTIME : MP4;
	if (text.startsWith('\0') && OLD_QUICKTIME_BOXES.includes(box)) return QUICKTIME;
	// EBML (RFC 8794): its header names what kind of document it is.
	if (text.startsWith('\u001aE\u00df\u00a3')) return text.includes('webm') ? WEBM : MATROSKA;
	return null;
}
