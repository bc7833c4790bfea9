import Foundation

/// One decoder under libFuzzer: `decode` must return or throw a typed error, whatever the bytes, and
/// what it accepts must come out of the encoder as something it accepts again as the same.
struct FuzzedDecoder: Sendable {
    let name: String
    /// Valid inputs to begin with.
    let seeds: @Sendable () -> [[UInt8]]
    let decode: @Sendable ([UInt8]) -> Void
}

/// The decoders by name; `tools/fuzz-run` asks for this list.
let decoders: [FuzzedDecoder] =
    codecDecoders + transactionDecoders + wireDecoders + logDecoders + debianDecoders
    + propertyDecoders + triggerDecoders + manifestDecoders + stateDecoders + recoveryDecoders
    + nodeDecoders

/// The one that this process was started for.
private let chosen: FuzzedDecoder = {
    let name = ProcessInfo.processInfo.environment["LOCKSTEP_FUZZ_DECODER"] ?? ""
    guard let decoder = decoders.first(where: { $0.name == name }) else {
        preconditionFailure("no decoder \(name); there are \(decoders.map(\.name))")
    }
    return decoder
}()

/// Called by libFuzzer once, before everything else.
///
/// With `LOCKSTEP_FUZZ_SEEDS` set, writes the seeds of every decoder into a folder of its name below
/// that one and ends the process.
@c(LLVMFuzzerInitialize)
func initializeFuzzer(
    _ count: UnsafeMutablePointer<CInt>?, _ arguments: UnsafeMutableRawPointer?
) -> CInt {
    guard let folder = ProcessInfo.processInfo.environment["LOCKSTEP_FUZZ_SEEDS"] else { return 0 }
    for decoder in decoders {
        let place = URL(fileURLWithPath: folder).appendingPathComponent(decoder.name)
        do {
            try FileManager.default.createDirectory(at: place, withIntermediateDirectories: true)
            for (number, seed) in decoder.seeds().enumerated() {
                try Data(seed).write(to: place.appendingPathComponent("seed-\(number)"))
            }
        } catch {
            print("the seeds of \(decoder.name) cannot be written: \(error)")
            exit(1)
        }
        print(decoder.name)
    }
    exit(0)
}

/// Called by libFuzzer with each input.
@c(LLVMFuzzerTestOneInput)
func testOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    chosen.decode(unsafe Array(UnsafeBufferPointer(start: start, count: count)))
    return 0
}
