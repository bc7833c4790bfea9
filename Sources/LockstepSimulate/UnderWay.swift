import Glibc
import Synchronization

/// Tells which runs are under way where a signal ends the process: a precondition of the code under
/// test ends all of its threads, and a run may never end.
///
/// Handlers of signals may neither lock nor allocate, so each line stands in memory beforehand.
package enum UnderWay {
    /// Runs that may be under way at once.
    static let most = 64
    private static let lineBytes = 256

    /// Whether SIGINT, SIGTERM or SIGHUP has asked for the end.
    static var isEndWanted: Bool { isEndRequested.load(ordering: .relaxed) }

    /// From now on signals name what is under way.
    ///
    /// A trap is handed on to whoever handled it before. Of SIGINT, SIGTERM and SIGHUP the first lets
    /// no further run begin, or, with `one` run alone, ends the process: a terminal's SIGINT comes
    /// together with the SIGTERM of whoever has begun this. A second SIGINT, or a second SIGTERM, ends
    /// the process; a terminal that hangs up may send more than one SIGHUP. One that was ignored, as
    /// under `nohup`, stays so.
    package static func install(one: Bool = false) {
        isEndRequested.store(false, ordering: .relaxed)
        endsAtOnce.store(one, ordering: .relaxed)
        // What the handlers use is made now, for making it is not safe in one.
        for place in 0..<most { ends(place: place) }
        _ = unsafe (threads, texts)
        for number in [SIGILL, SIGTRAP, SIGABRT, SIGSEGV, SIGBUS, SIGFPE] {
            install(number, trapped)
        }
        for number in [SIGINT, SIGTERM] { install(number, asked) }
        if !isIgnored(SIGHUP) { install(SIGHUP, asked) }
    }

    private static func install(_ number: Int32, _ handler: @convention(c) (Int32) -> Void) {
        var action = sigaction()
        unsafe action.__sigaction_handler.sa_handler = handler
        action.sa_flags = SA_ONSTACK
        let status = unsafe sigaction(number, &action, formerActions + Int(number))
        precondition(status == 0, "sigaction \(number): error \(errno)")
    }

    private static func isIgnored(_ number: Int32) -> Bool {
        var action = sigaction()
        let status = unsafe sigaction(number, nil, &action)
        precondition(status == 0, "sigaction \(number): error \(errno)")
        let handler = unsafe action.__sigaction_handler.sa_handler
        return unsafe unsafeBitCast(handler, to: Int.self) == unsafeBitCast(SIG_IGN, to: Int.self)
    }

    /// The calling thread begins what `line` would run once more.
    package static func begins(_ line: String, place: Int) {
        precondition((0..<most).contains(place), "run \(place) at once")
        let bytes = Array((line + "\n").utf8.prefix(lineBytes))
        unsafe lengths[place] = 0
        for (offset, byte) in bytes.enumerated() {
            unsafe texts[place * lineBytes + offset] = byte
        }
        unsafe threads[place] = pthread_self()
        unsafe lengths[place] = bytes.count
    }

    /// What has begun at `place` is over.
    static func ends(place: Int) {
        unsafe lengths[place] = 0
    }

    /// Writes the lines of the calling thread, or of all; for handlers of signals.
    fileprivate static func write(ofAll: Bool) {
        for place in 0..<most where unsafe lengths[place] > 0 {
            let isOwn = unsafe threads[place] == pthread_self()
            guard ofAll || isOwn else { continue }
            put("under way: ")
            _ = unsafe Glibc.write(STDERR_FILENO, texts + place * lineBytes, lengths[place])
        }
    }

    private static func put(_ text: StaticString) {
        _ = unsafe Glibc.write(STDERR_FILENO, text.utf8Start, text.utf8CodeUnitCount)
    }

    // Made before any handler can run, and never freed.
    nonisolated(unsafe) fileprivate static let formerActions = unsafe make(65, sigaction())
    nonisolated(unsafe) private static let threads = unsafe make(most, pthread_t())
    nonisolated(unsafe) private static let lengths = unsafe make(most, 0)
    nonisolated(unsafe) private static let texts = unsafe make(most * lineBytes, UInt8(0))

    private static func make<Value>(
        _ count: Int, _ value: Value
    ) -> UnsafeMutablePointer<Value> {
        let made = UnsafeMutablePointer<Value>.allocate(capacity: count)
        unsafe made.initialize(repeating: value, count: count)
        return unsafe made
    }
}

private let isEndRequested = Atomic<Bool>(false)
/// Whether the first signal that asks for the end is not waited behind.
private let endsAtOnce = Atomic<Bool>(false)

/// The thread that ran into the trap names its run, and runs into the former handler.
private func trapped(_ number: Int32) {
    UnderWay.write(ofAll: false)
    _ = unsafe sigaction(number, UnderWay.formerActions + Int(number), nil)
}

private func asked(_ number: Int32) {
    // A terminal that has hung up takes no line, and whom this interrupts must not see that.
    let former = errno
    UnderWay.write(ofAll: true)
    isEndRequested.store(true, ordering: .relaxed)
    let isLast = endsAtOnce.load(ordering: .relaxed)
    if isLast || number != SIGHUP { _ = signal(number, SIG_DFL) }
    if isLast { _ = kill(getpid(), number) }
    errno = former
}
