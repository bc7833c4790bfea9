package import IOCore

/// Where the cluster is, in the order in which a program may say so.
package enum EndpointList {
    /// The variable that libscf has for it, and this project's own.
    package static let variables = ["LIBSCF_DOORPATH", "LOCKSTEP_ENDPOINTS"]
    private static let standard = Address(host: "127.0.0.1", port: 27_010)

    /// The endpoints of the decoration, else of the first variable that is set, else this machine's.
    ///
    /// Nil where the first that is there names none.
    package static func find(
        doorPath: [UInt8]?, _ environment: (String) -> String?
    ) -> [Address]? {
        if let doorPath { return parse(String(decoding: doorPath, as: UTF8.self)) }
        for variable in variables {
            if let text = environment(variable), !text.isEmpty { return parse(text) }
        }
        return [standard]
    }

    /// Whether the first endpoint is a node that was named for handles, by the decoration or libscf's
    /// variable, and not one of those of a cluster.
    package static func namesNode(doorPath: [UInt8]?, _ environment: (String) -> String?) -> Bool {
        if doorPath != nil { return true }
        return environment(variables[0]).map { !$0.isEmpty } ?? false
    }

    /// Reads `host:port[,host:port…]`, which may end in a comma, as lists that programs make do.
    static func parse(_ text: String) -> [Address]? {
        var result: [Address] = []
        let list = text.hasSuffix(",") ? text.dropLast() : text[...]
        for part in list.split(separator: ",", omittingEmptySubsequences: false) {
            guard let address = Address(String(part)) else { return nil }
            result.append(address)
        }
        return result.isEmpty ? nil : result
    }
}
