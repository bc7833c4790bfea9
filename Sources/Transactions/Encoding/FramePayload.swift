package import Codec

/// The payload of a frame of records.
///
/// | bytes | field |
/// |---|---|
/// | varint | replicated time of all records, milliseconds since 1970 |
/// | count × | record: varint length (at least 1), `Record` |
///
/// The number of records stands in the frame's header.
package enum FramePayload {
    /// Gathers records that are encoded already.
    package struct Writer: Sendable {
        private var writer: ByteWriter
        package private(set) var count = 0

        package init(timeMilliseconds: UInt64, capacity: Int = 1_024) {
            writer = ByteWriter(capacity: capacity)
            writer.writeVarint(timeMilliseconds)
        }

        package var byteCount: Int {
            writer.count
        }

        package mutating func append(_ record: [UInt8]) {
            precondition(!record.isEmpty, "an empty record")
            writer.writeBytes(record)
            count += 1
        }

        /// Gives the payload away; nothing may be appended after it.
        package mutating func take() -> [UInt8] {
            writer.take()
        }
    }

    /// Walks over the records of a payload without copying them.
    package struct Reader: Sendable {
        package let timeMilliseconds: UInt64
        private var reader: ByteReader
        private var remaining: Int

        /// Reads the payload that fills `payload` and must hold `count` records.
        package init(
            _ payload: [UInt8], count: Int, limits: Limits
        ) throws(DecodingFailure) {
            guard count >= 0, count <= limits.frameRecords else {
                throw .overLimit(
                    at: 0, what: "records in a frame", value: UInt64(clamping: count),
                    limit: UInt64(limits.frameRecords))
            }
            reader = ByteReader(payload)
            timeMilliseconds = try reader.readVarint()
            remaining = count
        }

        /// Where in the payload the next record is; nil after the last.
        ///
        /// - Throws: where the payload ends early, or goes on behind the last record.
        package mutating func next() throws(DecodingFailure) -> Range<Int>? {
            guard remaining > 0 else {
                try reader.finish()
                return nil
            }
            remaining -= 1
            let start = reader.position
            let length = try reader.readCount(limit: reader.remaining, "record length")
            guard length > 0 else { throw .malformed(at: start, what: "empty record") }
            return try reader.skip(length)
        }
    }
}
