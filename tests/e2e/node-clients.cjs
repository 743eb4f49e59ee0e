// Submit with nodemailer, work the mailbox with imapflow; any surprise ends with 1.
'use strict';
const assert = require('node:assert');
const nodemailer = require('nodemailer');
const { ImapFlow } = require('imapflow');

const [host, submission, smtps, imaps, imap, user, pass, subject] = process.argv.slice(2);

async function submit(port, secure) {
	const t = nodemailer.createTransport({ host, port: Number(port), secure, requireTLS: true, auth: { user, pass } });
	await t.sendMail({
		from: user, to: user, subject, text: 'Grüße', html: '<p>Grüße</p>',
		attachments: [{ filename: 'naïve.bin', content: Buffer.from([0, 1, 2, 255]) }],
	});
	t.close();
}

async function session(port, secure) {
	const c = new ImapFlow({ host, port: Number(port), secure, auth: { user, pass }, logger: false });
	await c.connect();
	return c;
}

async function main() {
	const reader = await session(imap, false);
	const lock = await reader.getMailboxLock('INBOX');
	const arrived = new Promise((resolve) => reader.on('exists', resolve));
	const idle = reader.idle();
	await submit(submission, false);
	await arrived; // told while idling
	lock.release();
	await reader.noop();
	await idle;
	await submit(smtps, true);

	const c = await session(imaps, true);
	const held = await c.getMailboxLock('INBOX');
	let uids = [];
	for (let tries = 0; uids.length < 2 && tries < 100; tries++) {
		await new Promise((r) => setTimeout(r, 50));
		await c.noop();
		uids = await c.search({ subject }, { uid: true });
	}
	assert.strictEqual(uids.length, 2);
	const m = await c.fetchOne(String(uids[0]), { envelope: true, bodyStructure: true, source: true, flags: true, internalDate: true }, { uid: true });
	assert.strictEqual(m.envelope.subject, subject);
	assert.strictEqual(m.bodyStructure.type, 'multipart/mixed');
	assert.strictEqual(m.bodyStructure.childNodes[0].type, 'multipart/alternative');
	const part = await c.download(String(uids[0]), '2', { uid: true });
	const chunks = [];
	for await (const chunk of part.content) chunks.push(chunk);
	assert.deepStrictEqual([...Buffer.concat(chunks)], [0, 1, 2, 255]);
	assert(await c.messageFlagsAdd(String(uids[0]), ['\\Flagged'], { uid: true }));
	await c.mailboxCreate('Flow/Grüße');
	const moved = await c.messageMove(uids.join(','), 'Flow/Grüße', { uid: true });
	assert.strictEqual(moved.uidMap.size, 2);
	held.release();
	const status = await c.status('Flow/Grüße', { messages: true, unseen: true });
	assert.strictEqual(status.messages, 2);
	const names = (await c.list()).map((f) => [f.path, f.specialUse]);
	for (const use of ['\\Sent', '\\Drafts', '\\Trash', '\\Junk', '\\Archive'])
		assert(names.some(([, u]) => u === use), use + ' in ' + JSON.stringify(names));
	await c.mailboxDelete('Flow/Grüße');
	await c.logout();
	await reader.logout();
}

main().then(() => process.exit(0), (e) => { console.error(e); process.exit(1); });
