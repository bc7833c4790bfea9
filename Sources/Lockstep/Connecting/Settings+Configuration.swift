import Client
import IOCore
import Identifiers

extension ClientCore.Settings {
    init(_ configuration: ClientConfiguration) throws(LockstepError) {
        self.init(
            endpoints: configuration.endpoints.map { Address($0) }, name: configuration.name)
        if let text = configuration.cluster {
            guard let bits = Bits128(text) else {
                throw .invalidArgument("cluster id \(text) is not 32 hexadecimal digits")
            }
            cluster = ClusterID(bits)
        }
        connectMilliseconds = configuration.connectTimeout.wholeMilliseconds
        sessionMilliseconds = configuration.sessionTimeToLive.wholeMilliseconds
        pipelineWindow = configuration.pipelineWindow
        shortestBackoffMilliseconds = configuration.shortestBackoff.wholeMilliseconds
        longestBackoffMilliseconds = configuration.longestBackoff.wholeMilliseconds
    }
}
