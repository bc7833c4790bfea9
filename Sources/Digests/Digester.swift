internal import COpenSSL
package import Identifiers

/// SHA-256 by libcrypto, with one context that is used again for every digest.
///
/// For one thread at a time. A failure inside libcrypto can only be our misuse or exhausted memory,
/// and traps.
@safe package final class Digester {
    private let context: OpaquePointer

    package init() {
        guard let context = unsafe EVP_MD_CTX_new() else {
            preconditionFailure("EVP_MD_CTX_new: out of memory")
        }
        unsafe self.context = context
        let code = unsafe EVP_DigestInit_ex(context, EVP_sha256(), nil)
        precondition(code == 1, "EVP_DigestInit_ex")
    }

    deinit {
        unsafe EVP_MD_CTX_free(context)
    }

    /// Adds all of `bytes` to the digest under way.
    package func update(_ bytes: [UInt8]) {
        update(bytes, in: 0..<bytes.count)
    }

    /// Adds `[range.lowerBound, range.upperBound)` of `bytes` to the digest under way.
    package func update(_ bytes: [UInt8], in range: Range<Int>) {
        precondition(
            range.lowerBound >= 0 && range.upperBound <= bytes.count,
            "range \(range) of \(bytes.count) bytes")
        let code = unsafe bytes.withUnsafeBytes { buffer in
            let part = unsafe UnsafeRawBufferPointer(rebasing: buffer[range])
            return unsafe EVP_DigestUpdate(context, part.baseAddress, part.count)
        }
        precondition(code == 1, "EVP_DigestUpdate of \(range.count) bytes")
    }

    /// The 32 bytes of the digest; the next `update` begins a new one.
    package func finish() -> [UInt8] {
        let digest = unsafe [UInt8](unsafeUninitializedCapacity: 32) { buffer, count in
            let code = unsafe EVP_DigestFinal_ex(context, buffer.baseAddress, nil)
            precondition(code == 1, "EVP_DigestFinal_ex")
            count = 32
        }
        restart()
        return digest
    }

    /// The first 16 bytes of the digest, read as two big-endian words.
    package func finishBits128() -> Bits128 {
        let digest = finish()
        func word(_ range: Range<Int>) -> UInt64 {
            digest[range].reduce(0) { $0 << 8 | UInt64($1) }
        }
        return Bits128(high: word(0..<8), low: word(8..<16))
    }

    /// Begins again with the algorithm that the context has, which saves looking it up.
    private func restart() {
        let code = unsafe EVP_DigestInit_ex(context, nil, nil)
        precondition(code == 1, "EVP_DigestInit_ex")
    }
}
