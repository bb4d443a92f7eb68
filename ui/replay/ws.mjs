// The server's side of a WebSocket, as far as a page of ours needs it: text frames, close, ping.
import { createHash } from "node:crypto";

export function accept(req, socket, protocol) {
	const key = createHash("sha1").update(req.headers["sec-websocket-key"] + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest("base64");
	socket.write(`HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${key}\r\nSec-WebSocket-Protocol: ${protocol}\r\n\r\n`);
	socket.setNoDelay(true);
	return new Peer(socket);
}

function frame(opcode, payload) {
	const n = payload.length;
	const head = n < 126 ? Buffer.from([0x80 | opcode, n]) : n < 65536 ? Buffer.alloc(4) : Buffer.alloc(10);
	if (n >= 126) head[0] = 0x80 | opcode;
	if (n >= 126 && n < 65536) {
		head[1] = 126;
		head.writeUInt16BE(n, 2);
	} else if (n >= 65536) {
		head[1] = 127;
		head.writeBigUInt64BE(BigInt(n), 2);
	}
	return Buffer.concat([head, payload]);
}

class Peer {
	constructor(socket) {
		this.socket = socket;
		this.left = Buffer.alloc(0);
		this.onmessage = this.onclose = () => {};
		socket.on("data", (d) => this.data(d));
		socket.on("close", () => this.onclose());
		socket.on("error", () => socket.destroy());
	}
	send(doc) {
		if (!this.socket.destroyed) this.socket.write(frame(1, Buffer.from(JSON.stringify(doc))));
	}
	close() {
		this.socket.destroy();
	}
	data(d) {
		this.left = Buffer.concat([this.left, d]);
		for (;;) {
			const b = this.left;
			if (b.length < 6) return;
			let n = b[1] & 127, at = 2;
			if (n === 126) [n, at] = [b.readUInt16BE(2), 4];
			else if (n === 127) [n, at] = [Number(b.readBigUInt64BE(2)), 10];
			if (b.length < at + 4 + n) return;
			const mask = b.subarray(at, at + 4);
			const payload = Buffer.from(b.subarray(at + 4, at + 4 + n));
			for (let i = 0; i < n; i++) payload[i] ^= mask[i & 3];
			this.left = b.subarray(at + 4 + n);
			const opcode = b[0] & 15;
			if (opcode === 8) return void this.socket.end(frame(8, payload.subarray(0, 2)));
			if (opcode === 9) this.socket.write(frame(10, payload));
			if (opcode === 1) this.onmessage(JSON.parse(payload.toString()));
		}
	}
}
