import Identifiers
import IOCore

extension ClientCore.Settings {
    init(_ configuration: ClientConfiguration) throws(LockstepError) {
        var cluster: ClusterID?
        if let text = configuration.cluster {
            guard let bits = Bits128(text) else {
                throw .invalidArgument("cluster id \(text) is not 32 hexadecimal digits")
            }
            cluster = ClusterID(bits)
        }
        self.init(
            endpoints: configuration.endpoints.map { Address($0) }, name: configuration.name,
            cluster: cluster, connectMilliseconds: configuration.connectTimeout.wholeMilliseconds,
            sessionMilliseconds: configuration.sessionTimeToLive.wholeMilliseconds,
            pipelineWindow: configuration.pipelineWindow, watchBuffer: configuration.watchBuffer,
            shortestBackoffMilliseconds: configuration.shortestBackoff.wholeMilliseconds,
            longestBackoffMilliseconds: configuration.longestBackoff.wholeMilliseconds)
    }
}
