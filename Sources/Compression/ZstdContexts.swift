internal import CZstd

/// A zstd compression context at level 1, used again for every block.
@safe final class ZstdCompressor {
    private let context: OpaquePointer

    init() {
        guard let context = unsafe ZSTD_createCCtx() else {
            preconditionFailure("ZSTD_createCCtx: out of memory")
        }
        unsafe self.context = context
        for (parameter, value) in [
            (ZSTD_c_compressionLevel, 1 as Int32), (ZSTD_c_contentSizeFlag, 0),
            (ZSTD_c_checksumFlag, 0), (ZSTD_c_dictIDFlag, 0),
        ] {
            let code = unsafe ZSTD_CCtx_setParameter(context, parameter, value)
            precondition(ZSTD_isError(code) == 0, "ZSTD_CCtx_setParameter \(parameter.rawValue)")
        }
    }

    deinit {
        unsafe ZSTD_freeCCtx(context)
    }

    /// Compresses `raw` into `target` from `offset` on; nil where it does not fit.
    func compress(_ raw: [UInt8], into target: inout [UInt8], at offset: Int) -> Int? {
        precondition(offset >= 0 && offset <= target.count, "offset \(offset) of \(target.count)")
        let code = unsafe target.withUnsafeMutableBytes { output in
            let room = unsafe UnsafeMutableRawBufferPointer(rebasing: output[offset...])
            return unsafe raw.withUnsafeBytes { input in
                unsafe ZSTD_compress2(
                    context, room.baseAddress, room.count, input.baseAddress, input.count)
            }
        }
        return ZSTD_isError(code) == 0 ? code : nil
    }
}

/// A zstd decompression context, used again for every block.
@safe final class ZstdDecompressor {
    private let context: OpaquePointer

    init() {
        guard let context = unsafe ZSTD_createDCtx() else {
            preconditionFailure("ZSTD_createDCtx: out of memory")
        }
        unsafe self.context = context
    }

    deinit {
        unsafe ZSTD_freeDCtx(context)
    }

    /// Decompresses `range` of `stored`, which must give exactly `rawBytes` bytes.
    ///
    /// The output buffer is all that is allocated: the caller has bounded `rawBytes`, and zstd
    /// refuses input that would give more.
    func decompress(
        _ stored: [UInt8], in range: Range<Int>, rawBytes: Int
    ) throws(CompressionFailure) -> [UInt8] {
        precondition(
            range.lowerBound >= 0 && range.upperBound <= stored.count,
            "range \(range) of \(stored.count) bytes")
        var code = 0
        let raw = unsafe [UInt8](unsafeUninitializedCapacity: rawBytes) { output, count in
            code = unsafe stored.withUnsafeBytes { input in
                let part = unsafe UnsafeRawBufferPointer(rebasing: input[range])
                return unsafe ZSTD_decompressDCtx(
                    context, output.baseAddress, rawBytes, part.baseAddress, part.count)
            }
            count = ZSTD_isError(code) == 0 ? code : 0
        }
        guard ZSTD_isError(code) == 0 else {
            throw .zstd(unsafe String(cString: ZSTD_getErrorName(code)))
        }
        guard raw.count == rawBytes else {
            throw .wrongLength(expected: rawBytes, actual: raw.count)
        }
        return raw
    }
}
