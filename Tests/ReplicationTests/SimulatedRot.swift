import Codec
import Identifiers
import Simulation
import WAL

/// Where in a frame a byte is changed.
enum RotPlace: CaseIterable {
    case header, payload
}

extension SimulatedNode {
    /// Changes a byte of the envelope of the group that begins with record `index`; whether it is in
    /// the log.
    func rotEnvelope(record index: UInt64) -> Bool {
        var isFound = false
        files.tamper(below: "/data/log/segment") { bytes in
            for offset in stride(from: 0, to: bytes.count - 72, by: 8)
            where !isFound && bytes[offset] != 0 {
                let header = try? FrameHeader.decode(bytes, at: offset, limits: .standard)
                guard header?.firstIndex.rawValue == index else { continue }
                bytes[offset - GroupEnvelope.byteCount + 9] ^= 0x44
                isFound = true
            }
        }
        return isFound
    }

    /// Changes a byte of the frame that holds record `index`; whether it is in the log.
    func rot(record index: UInt64, _ place: RotPlace = .payload) -> Bool {
        var isFound = false
        files.tamper(below: "/data/log/segment") { bytes in
            guard !isFound else { return }
            for offset in stride(from: 0, to: bytes.count - 72, by: 8) where bytes[offset] != 0 {
                guard let header = try? FrameHeader.decode(bytes, at: offset, limits: .standard),
                    header.firstIndex.rawValue <= index, header.lastIndex.rawValue >= index
                else { continue }
                bytes[offset + (place == .header ? 9 : 73)] ^= 0x44
                isFound = true
                return
            }
        }
        return isFound
    }
}
