internal import CLibuv

/// The resident memory of this process (*libuv uv_resident_set_memory*).
package enum ResidentMemory {
    /// Bytes; 0 where the system does not tell.
    ///
    /// From any thread.
    package static func bytes() -> UInt64 {
        var bytes = 0
        guard unsafe uv_resident_set_memory(&bytes) == 0 else { return 0 }
        return UInt64(bytes)
    }
}
