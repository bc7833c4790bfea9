import CLibuv
import Glibc
package import IOCore
import Identifiers

/// Runs programs as children of this process.
///
/// A child gets three pipes and no other descriptor, leads a process group of its own, and dies with
/// that group when its time is over; what it leaves in the group dies with it. Starting one holds the
/// loop for the length of a fork. Needs Linux 5.11.
package final class UVProcessRunner: ProcessRunner {
    private let loop: UVLoop

    package init(_ loop: UVLoop) {
        self.loop = loop
    }

    @discardableResult
    package func run(
        _ request: ProcessRequest, done: @escaping (ProcessResult) -> Void
    ) -> any RunningProcess {
        loop.requireCurrent()
        let child = Child(on: loop, request, done: done)
        child.start()
        return child
    }
}

/// One child from its start to its result.
private final class Child: RunningProcess {
    private let loop: UVLoop
    private let request: ProcessRequest
    private var done: ((ProcessResult) -> Void)?
    private var process: ProcessHandle?
    private var input: PipeHandle?
    private var outputs: [PipeHandle?] = [nil, nil]
    private var captured: [[UInt8]] = [[], []]
    private var outputWasCut = false
    private var ending: ProcessResult.Ending?
    private var timeIsOver = false
    private var timer: TimerID?

    /// How long the outputs of a child that has ended may stay open, in descendants that left its
    /// group.
    private static let outputMilliseconds: UInt64 = 1_000

    init(on loop: UVLoop, _ request: ProcessRequest, done: @escaping (ProcessResult) -> Void) {
        self.loop = loop
        self.request = request
        self.done = done
    }

    func start() {
        if let reason = refusal() { return refuse(reason) }
        guard let pipes = ChildPipes() else {
            return refuse("no pipes: \(UVError.text(UV_EMFILE.rawValue))")
        }
        defer { pipes.closeChildEnds() }
        guard close_range(3, UInt32.max, Self.closeOnExec) == 0 else {
            let code = errno
            pipes.closeOurEnds()
            return refuse("close_range: \(UVError.text(-code))")
        }
        let process = ProcessHandle(on: loop, request, descriptors: pipes.childEnds) {
            [self] status, signal in
            exited(signal == 0 ? .exited(Int(status)) : .signalled(Int(signal)))
        }
        if let reason = process.startFailure {
            pipes.closeOurEnds()
            process.close()
            return refuse(explained(reason))
        }
        self.process = process
        process.onLoopStop = { [self] in kill() }
        adopt(pipes)
        setTimer(request.timeoutMilliseconds) { child in
            child.timeIsOver = true
            child.kill()
        }
    }

    func kill() {
        loop.requireCurrent()
        guard ending == nil else { return }
        process?.killGroup()
    }

    private func refusal() -> String? {
        let strings =
            [request.executable, request.workingDirectory ?? "/"] + request.arguments
            + request.environment.flatMap { [$0.key, $0.value] }
        if loop.turn.isStopping { return "the event loop is stopping" }
        if !request.executable.hasPrefix("/") { return "the path of the program is not absolute" }
        if strings.contains(where: { $0.utf8.contains(0) }) { return "a string contains a NUL" }
        return nil
    }

    /// Of a program that is there the kernel says as of one that is not what else it has not found.
    private func explained(_ reason: String) -> String {
        guard reason == UVError.text(UV_ENOENT.rawValue), Self.isThere(request.executable) else {
            return reason
        }
        if let directory = request.workingDirectory, !Self.isThere(directory) {
            return "the working directory \(directory): \(reason)"
        }
        return "the interpreter that it names: \(reason)"
    }

    private static func isThere(_ path: String) -> Bool {
        unsafe access(path, F_OK) == 0
    }

    private func refuse(_ reason: String) {
        let text = "\(request.executable): \(reason)"
        loop.later { [self] in
            done?(ProcessResult(ending: .notStarted(text)))
            done = nil
        }
    }

    private func adopt(_ pipes: ChildPipes) {
        let input = PipeHandle(on: loop, descriptor: pipes.ourEnds[0])
        self.input = input
        input.onLoopStop = { [self] in closeInput() }
        if request.input.isEmpty {
            closeInput()
        } else {
            // A child that does not read its input to the end is within its rights.
            input.write(request.input) { [self] _ in closeInput() }
        }
        for index in 0..<2 {
            let output = PipeHandle(on: loop, descriptor: pipes.ourEnds[index + 1])
            outputs[index] = output
            output.onLoopStop = { [self] in closeOutput(index) }
            output.onRead = { [self] event in heard(event, index) }
            output.setReading(true)
        }
    }

    private func heard(_ event: ReadEvent, _ index: Int) {
        switch event {
        case .bytes(let bytes):
            let room = request.outputBoundBytes - captured[index].count
            captured[index] += bytes.prefix(max(0, room))
            if bytes.count > room { outputWasCut = true }
        case .ended, .failed:
            closeOutput(index)
            finishIfComplete()
        }
    }

    private func exited(_ ending: ProcessResult.Ending) {
        let milliseconds = request.timeoutMilliseconds
        self.ending = timeIsOver ? .timedOut(afterMilliseconds: milliseconds) : ending
        process?.killGroup()
        process?.close()
        process = nil
        closeInput()
        if loop.turn.isStopping {
            closeOutput(0)
            closeOutput(1)
        }
        setTimer(Self.outputMilliseconds) { child in
            child.closeOutput(0)
            child.closeOutput(1)
            child.finishIfComplete()
        }
        finishIfComplete()
    }

    private func finishIfComplete() {
        guard let ending, outputs[0] == nil, outputs[1] == nil, let done else { return }
        self.done = nil
        if let timer { loop.cancel(timer) }
        done(
            ProcessResult(
                ending: ending, output: captured[0], errorOutput: captured[1],
                outputWasCut: outputWasCut))
    }

    private func setTimer(_ milliseconds: UInt64, _ fire: @escaping @Sendable (Child) -> Void) {
        if let timer { loop.cancel(timer) }
        let me = LoopBound(self, to: loop)
        timer = loop.schedule(at: loop.now.advanced(milliseconds: milliseconds)) {
            fire(me.value)
        }
    }

    private func closeInput() {
        if let input = input.take(), input.isOpen { input.close() }
    }

    private func closeOutput(_ index: Int) {
        if let output = outputs[index].take(), output.isOpen { output.close() }
    }

    /// CLOSE_RANGE_CLOEXEC of linux/close_range.h.
    private static let closeOnExec: Int32 = 4
}

/// The three pipes of a child: real ones, because a program may open /dev/stdin by name, which does
/// not work with the socket pairs that libuv would make.
private struct ChildPipes {
    let childEnds: [Int32]
    let ourEnds: [Int32]

    /// Makes them; nil for want of descriptors.
    init?() {
        var pairs: [(reading: Int32, writing: Int32)] = []
        let ours = Int32(UV_NONBLOCK_PIPE.rawValue)
        for index in 0..<3 {
            var ends: [Int32] = [-1, -1]
            let code = unsafe ends.withUnsafeMutableBufferPointer { ends in
                unsafe uv_pipe(
                    ends.baseAddress, index == 0 ? 0 : ours, index == 0 ? ours : 0)
            }
            guard code == 0 else {
                for pair in pairs {
                    _ = close(pair.reading)
                    _ = close(pair.writing)
                }
                return nil
            }
            pairs.append((ends[0], ends[1]))
        }
        childEnds = [pairs[0].reading, pairs[1].writing, pairs[2].writing]
        ourEnds = [pairs[0].writing, pairs[1].reading, pairs[2].reading]
    }

    func closeChildEnds() {
        for end in childEnds { _ = close(end) }
    }

    func closeOurEnds() {
        for end in ourEnds { _ = close(end) }
    }
}
