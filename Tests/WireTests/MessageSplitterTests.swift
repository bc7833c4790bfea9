import Codec
import Testing
import Wire

@Suite struct MessageSplitterTests {
    private static func message(_ kind: UInt8, _ body: [UInt8]) -> [UInt8] {
        var writer = ByteWriter()
        writer.writeUInt32(UInt32(body.count + 1))
        writer.writeUInt8(kind)
        writer.writeRaw(body)
        return writer.take()
    }

    private static func drain(
        _ splitter: inout MessageSplitter
    ) throws(DecodingFailure) -> [[UInt8]] {
        var result: [[UInt8]] = []
        while var message = try splitter.next() {
            let body = try message.body.readRaw(message.body.remaining)
            result.append([message.kind] + body)
        }
        return result
    }

    @Test(arguments: 1...40)
    func `messages come out whole however the stream is cut`(piece: Int) throws {
        var stream: [UInt8] = []
        var wanted: [[UInt8]] = []
        for length in 0..<12 {
            let body = [UInt8](repeating: UInt8(length), count: length)
            stream += Self.message(UInt8(length), body)
            wanted.append([UInt8(length)] + body)
        }
        var splitter = MessageSplitter(limitBytes: 100, minimumBytes: 1)
        var found: [[UInt8]] = []
        var position = 0
        while position < stream.count {
            let end = min(stream.count, position + piece)
            splitter.append(Array(stream[position..<end]))
            found += try Self.drain(&splitter)
            position = end
        }
        #expect(found == wanted)
        #expect(splitter.pendingBytes == 0)
    }

    @Test func `a length out of bounds is refused as soon as it is there`() throws {
        var splitter = MessageSplitter(limitBytes: 10, minimumBytes: 5)
        splitter.append([11, 0, 0])
        #expect(try Self.drain(&splitter).isEmpty)
        splitter.append([0])
        #expect(throws: DecodingFailure.self) { try Self.drain(&splitter) }
        var short = MessageSplitter(limitBytes: 10, minimumBytes: 5)
        short.append([4, 0, 0, 0])
        #expect(throws: DecodingFailure.self) { try Self.drain(&short) }
        var huge = MessageSplitter(limitBytes: 10, minimumBytes: 5)
        huge.append([0xFF, 0xFF, 0xFF, 0xFF])
        #expect(throws: DecodingFailure.self) { try Self.drain(&huge) }
    }
}
