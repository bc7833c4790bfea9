import IOCore
import IOLibuv
import Identifiers
import Testing

struct UVProcessRunnerTests {
    private func run(_ request: ProcessRequest) async -> ProcessResult {
        await withLoop { loop in
            await loop.wait { done in
                UVProcessRunner(loop).run(request) { done($0) }
            }
        }
    }

    private func shell(_ script: String) -> ProcessRequest {
        ProcessRequest(
            executable: "/bin/sh", arguments: ["-c", script],
            environment: ["PATH": "/usr/bin:/bin"], timeoutMilliseconds: 600_000)
    }

    @Test func `a program gets its input and its output comes back`() async {
        var request = ProcessRequest(executable: "/bin/cat", timeoutMilliseconds: 60_000)
        request.input = (0..<1_000_000).map { UInt8($0 & 0xFF) }
        request.outputBoundBytes = 1_000_000
        let result = await run(request)
        #expect(result == ProcessResult(ending: .exited(0), output: request.input))
        #expect(result.succeeded)
    }

    @Test func `status, both outputs, directory and environment are those of the request`() async {
        var request = shell("pwd; env | grep -v ^PWD= | sort; echo wrong >&2; exit 7")
        request.workingDirectory = "/usr"
        request.environment["NAME"] = "a b"
        let result = await run(request)
        #expect(result.ending == .exited(7))
        #expect(result.ending.description == "exited with status 7")
        let lines = String(decoding: result.output, as: UTF8.self).split(separator: "\n")
        #expect(lines.first == "/usr")
        #expect(lines.contains("NAME=a b"))
        #expect(!lines.contains { $0.hasPrefix("HOME=") })
        #expect(String(decoding: result.errorOutput, as: UTF8.self) == "wrong\n")
    }

    @Test func `a signal that ends a program is reported`() async {
        #expect(await run(shell("kill -9 $$")).ending == .signalled(9))
    }

    @Test func `a program and what it started die when the time is over`() async {
        var request = shell("sleep 1000 & sleep 1000")
        request.timeoutMilliseconds = 50
        let result = await run(request)
        #expect(result.ending == .timedOut(afterMilliseconds: 50))
        #expect(result.ending.description == "was killed after 50 ms")
    }

    @Test func `what a program leaves behind dies with it`() async {
        #expect(await run(shell("sleep 1000 & exit 3")).ending == .exited(3))
    }

    @Test func `a descendant in another session cannot hold the result back`() async {
        let result = await run(shell("setsid sleep 3 & sleep 0.2; exit 4"))
        #expect(result.ending == .exited(4))
    }

    @Test func `output over the bound is cut`() async {
        var request = shell("head -c 3000000 /dev/zero; head -c 10 /dev/zero >&2")
        request.outputBoundBytes = 1_000
        let result = await run(request)
        #expect(result.ending == .exited(0))
        #expect(result.output == [UInt8](repeating: 0, count: 1_000))
        #expect(result.errorOutput.count == 10)
        #expect(result.outputWasCut)
    }

    @Test func `output of just the bound is whole`() async {
        var request = shell("head -c 1000 /dev/zero")
        request.outputBoundBytes = 1_000
        let result = await run(request)
        #expect(result.output.count == 1_000)
        #expect(!result.outputWasCut)
    }

    @Test func `a program need not read its input`() async {
        var request = shell("exit 0")
        request.input = [UInt8](repeating: 1, count: 10_000_000)
        #expect(await run(request).ending == .exited(0))
    }

    @Test func `a program can open its standard input by name`() async {
        var request = shell("cat /dev/stdin")
        request.input = [65, 66]
        #expect(await run(request).output == [65, 66])
    }

    @Test func `a program has three descriptors`() async {
        let result = await run(shell("echo /proc/$$/fd/*"))
        let text = String(decoding: result.output, as: UTF8.self)
        // The shell may have one of its own above 9 or be at work on the folder itself.
        let numbers = text.split(whereSeparator: { "/ \n".contains($0) }).compactMap { Int($0) }
        let names = Set(numbers).intersection(0..<10)
        #expect(names.subtracting([3]) == [0, 1, 2], "\(text)")
    }

    @Test func `what cannot start says why`() async {
        let missing = ProcessRequest(executable: "/no/such/program", timeoutMilliseconds: 1_000)
        #expect(
            await run(missing).ending.description
                == "could not be started: /no/such/program: no such file or directory")
        let relative = ProcessRequest(executable: "cat", timeoutMilliseconds: 1_000)
        #expect(
            await run(relative).ending.description
                == "could not be started: cat: the path of the program is not absolute")
    }

    @Test func `what a program that is there lacks is told`() async {
        let folder = "/tmp/lockstep-program-\(UInt64.random(in: 0 ... .max))"
        let program = folder + "/program"
        // Not written by this process: a child of another test might still have it open.
        let made = await run(
            shell("mkdir \(folder); echo '#!/no/such/one' >\(program); chmod 700 \(program)"))
        #expect(made.succeeded)
        var request = ProcessRequest(executable: program, timeoutMilliseconds: 1_000)
        #expect(
            await run(request).ending.description
                == "could not be started: \(program): the interpreter that it names: "
                + "no such file or directory")
        request.workingDirectory = "/no/such/folder"
        #expect(
            await run(request).ending.description
                == "could not be started: \(program): the working directory /no/such/folder: "
                + "no such file or directory")
        _ = await run(shell("rm -r \(folder)"))
    }

    @Test func `a program can be killed`() async {
        let request = shell("sleep 1000")
        let result: ProcessResult = await withLoop { loop in
            await loop.wait { done in
                let process = UVProcessRunner(loop).run(request) { done($0) }
                process.kill()
            }
        }
        #expect(result.ending == .signalled(9))
    }

    @Test func `a loop that stops kills its programs and tells`() async {
        let request = shell("sleep 1000")
        let loop = UVLoop.start(name: "test-loop")
        let ending = Locked<ProcessResult.Ending?>(nil)
        await loop.perform {
            _ = UVProcessRunner(loop).run(request) { result in
                ending.withLock { $0 = result.ending }
            }
        }
        loop.stop()
        #expect(ending.withLock { $0 } == .signalled(9))
    }

    @Test func `many programs run at once`() async {
        let request = shell("echo $$")
        let outputs: [[UInt8]] = await withLoop { loop in
            await loop.wait { done in
                let runner = UVProcessRunner(loop)
                var outputs: [[UInt8]] = []
                for _ in 0..<20 {
                    runner.run(request) { result in
                        outputs.append(result.output)
                        if outputs.count == 20 { done(outputs) }
                    }
                }
            }
        }
        #expect(Set(outputs).count == 20)
    }
}
