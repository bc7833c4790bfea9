import Glibc

/// The control file of one node's troubles; see cluster/faults/trouble.h, whose layout it writes.
package final class TroubleControl {
    /// What the harness may write, in the order of the file.
    package struct Settings: Equatable {
        var wallNanoseconds: Int64 = 0
        var writeError: Int32 = 0
        var syncError: Int32 = 0
        var readError: Int32 = 0
        var permille: Int32 = 1_000
        var isStalled = false
        var delayMicroseconds: Int32 = 0
        /// How far clocks go in a thousand seconds.
        var ratePermille: Int32 = 1_000
        /// Whether no sync of a file of the log returns, while all other calls go on.
        var isLogSyncStalled = false
    }

    /// How often each trouble has met a call since the beginning of the run.
    struct Hits: Equatable {
        var failures: UInt64
        var stalls: UInt64
        var delays: UInt64
        var shiftedClockReads: UInt64
        var bentClockReads: UInt64
    }

    let path: String
    private let descriptor: Int32
    private(set) var settings = Settings()

    /// Makes the file, with nothing wrong.
    init(path: String) throws(TortureFailure) {
        self.path = path
        descriptor = unsafe open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            throw TortureFailure("cannot make \(path): \(Files.words(errno))")
        }
        guard ftruncate(descriptor, 4_096) == 0 else {
            throw TortureFailure("cannot grow \(path): \(Files.words(errno))")
        }
    }

    deinit {
        close(descriptor)
    }

    /// Changes the settings; the node meets them at its next call.
    func change(_ body: (inout Settings) -> Void) throws(TortureFailure) {
        body(&settings)
        var bytes: [UInt8] = []
        func append<Value: FixedWidthInteger>(_ value: Value) {
            for shift in stride(from: 0, to: Value.bitWidth, by: 8) {
                bytes.append(UInt8(truncatingIfNeeded: value >> Value(shift)))
            }
        }
        append(settings.wallNanoseconds)
        for value in [settings.writeError, settings.syncError, settings.readError] { append(value) }
        append(settings.permille)
        append(Int32(settings.isStalled ? 1 : 0))
        append(settings.delayMicroseconds)
        append(settings.ratePermille)
        append(Int32(settings.isLogSyncStalled ? 1 : 0))
        guard unsafe pwrite(descriptor, bytes, bytes.count, 0) == bytes.count else {
            throw TortureFailure("cannot write \(path): \(Files.words(errno))")
        }
    }

    /// What the library has counted.
    var hits: Hits {
        var bytes = [UInt8](repeating: 0, count: 40)
        let count = unsafe pread(descriptor, &bytes, bytes.count, 48)
        guard count == bytes.count else {
            return Hits(
                failures: 0, stalls: 0, delays: 0, shiftedClockReads: 0, bentClockReads: 0)
        }
        func value(_ place: Int) -> UInt64 {
            bytes[place..<place + 8].reversed().reduce(0) { $0 << 8 | UInt64($1) }
        }
        return Hits(
            failures: value(0), stalls: value(8), delays: value(16), shiftedClockReads: value(24),
            bentClockReads: value(32))
    }
}
