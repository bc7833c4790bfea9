internal import IOCore

/// Bytes of a segment file, with zeroes for what the disk cannot read.
struct SectorReading {
    private(set) var bytes: [UInt8]
    /// The failure of the last sector that could not be read, and where that sector ends in the file.
    private(set) var lost: (end: Int, failure: FileFailure)?

    /// The least that a disk loses.
    private static let sectorBytes = 4_096

    /// Reads up to `count` bytes; fewer only at the end of the file.
    ///
    /// - Throws: `file` where neither the first, nor the middle, nor the last sector of the file can be
    ///   read either: then it is the disk that fails.
    init(_ file: any File, from offset: Int, count: Int) throws(WALFailure) {
        do throws(FileFailure) {
            bytes = try file.read(at: offset, count: count)
            return
        } catch {
            guard error.kind == .other, Self.answers(file) else { throw .file(error) }
        }
        bytes = []
        while bytes.count < count {
            let place = offset + bytes.count
            let wanted = min(Self.sectorBytes - place % Self.sectorBytes, count - bytes.count)
            do throws(FileFailure) {
                let piece = try file.read(at: place, count: wanted)
                bytes.append(contentsOf: piece)
                // The file ends here.
                if piece.count < wanted { return }
            } catch {
                bytes.append(contentsOf: repeatElement(0, count: wanted))
                lost = (place + wanted, error)
            }
        }
    }

    private static func answers(_ file: any File) -> Bool {
        guard let size = try? file.size() else { return false }
        let last = max(0, size - 1) / sectorBytes
        return [0, last / 2, last].contains { sector in
            (try? file.read(at: sector * sectorBytes, count: sectorBytes)) != nil
        }
    }
}
