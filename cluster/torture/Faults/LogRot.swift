import Glibc
package import Identifiers

/// Flips bytes in the log of a node that is down, within what the others can mend.
///
/// That is never in its last groups, where rot could not be told from a torn write. Reads the files as
/// the article on the log's format describes them.
package enum LogRot {
    /// Where a segment's groups begin, and the bytes of an envelope.
    private static let dataOffset = 1_024
    private static let envelopeBytes = 48
    /// Groups at the end that are left alone.
    private static let sparedGroups = 4
    /// Groups before those of which one is hit, so that the store does not hold it on disk yet.
    private static let mostGroups = 200

    private struct Group {
        let path: String
        /// Of its frames, in the file.
        let bytes: Range<Int>
    }

    /// Flips one to three bytes of one group; returns the place in words, nil if the log has too few
    /// groups.
    package static func strike(
        log folder: String, using generator: inout SeededGenerator
    ) throws(TortureFailure) -> String? {
        var groups: [Group] = []
        for name in Files.names(in: folder) where name.hasPrefix("segment-") {
            groups += try Self.groups(of: folder + "/" + name)
        }
        guard groups.count > sparedGroups * 2 else { return nil }
        let candidates = groups.dropLast(sparedGroups).suffix(mostGroups)
        guard let group = candidates.randomElement(using: &generator) else { return nil }
        let descriptor = unsafe open(group.path, O_RDWR | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw TortureFailure("cannot open \(group.path): \(Files.words(errno))")
        }
        defer { close(descriptor) }
        var places: [Int] = []
        for _ in 0..<Int.random(in: 1...3, using: &generator) {
            let place = Int.random(in: group.bytes, using: &generator)
            guard !places.contains(place) else { continue }
            var byte = try read(descriptor, 1, at: place)
            byte[0] ^= UInt8.random(in: 1...255, using: &generator)
            guard unsafe pwrite(descriptor, byte, 1, off_t(place)) == 1 else {
                throw TortureFailure("cannot write \(group.path): \(Files.words(errno))")
            }
            places.append(place)
        }
        let words = places.map(String.init).joined(separator: ", ")
        return "\(group.path.split(separator: "/").last ?? ""), byte \(words)"
    }

    private static func groups(of path: String) throws(TortureFailure) -> [Group] {
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw TortureFailure("cannot open \(path): \(Files.words(errno))")
        }
        defer { close(descriptor) }
        var groups: [Group] = []
        var place = dataOffset
        while true {
            let envelope = try read(descriptor, envelopeBytes, at: place)
            let magic = String(decoding: envelope.prefix(4), as: UTF8.self)
            guard envelope.count == envelopeBytes, magic == "LkGr" || magic == "LkRp" else {
                return groups
            }
            let bytes = envelope[40..<44].reversed().reduce(0) { $0 << 8 | Int($1) }
            let start = place + envelopeBytes
            // A group without frames holds a vote, which no other node has.
            if bytes > 0 { groups.append(Group(path: path, bytes: start..<(start + bytes))) }
            place = start + bytes
        }
    }

    private static func read(
        _ descriptor: Int32, _ count: Int, at place: Int
    ) throws(TortureFailure) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        let got = unsafe pread(descriptor, &bytes, count, off_t(place))
        guard got >= 0 else { throw TortureFailure("cannot read a log: \(Files.words(errno))") }
        return Array(bytes.prefix(got))
    }
}
