import Manifests

/// A document with most kinds of elements, to begin with.
private let sampleManifest = """
    <?xml version='1.0'?>
    <!DOCTYPE service_bundle SYSTEM 'service_bundle.dtd.1'>
    <service_bundle type='manifest' name='x'><service name='a/b' type='service' version='1'>
    <create_default_instance enabled='false'/><single_instance/>
    <restarter><service_fmri value='svc:/r:default'/></restarter>
    <dependency name='d' grouping='require_all' restart_on='none' type='service'>
    <service_fmri value='svc:/c'/><stability value='Stable'/></dependency>
    <dependent name='e' grouping='require_any' restart_on='error'>
    <service_fmri value='svc:/c:i'/></dependent>
    <method_context project='p'><method_profile name='q'/></method_context>
    <exec_method type='method' name='start' exec=':kill' timeout_seconds='-1'><method_context>
    <method_credential user='u'/><method_environment><envvar name='A' value='&lt;&#10;'/>
    </method_environment></method_context></exec_method>
    <property_group name='g' type='t'><propval name='p' type='opaque' value='00ff'/>
    <property name='l' type='count'><count_list><value_node value='1'/><value_node value='2'/>
    </count_list></property></property_group>
    <instance name='i' enabled='true'/>
    <template><common_name><loctext xml:lang='C'>n</loctext></common_name>
    <documentation><manpage title='t' section='1'/><doc_link name='n' uri='u'/></documentation>
    <pg_pattern name='g'><prop_pattern name='p'><cardinality max='1'/>
    <values><value name='v'/></values><choices><range min='1' max='2'/></choices></prop_pattern>
    </pg_pattern></template></service></service_bundle>
    """

/// Reads a document; what is taken must come back from its export, and from that one's.
private func decodeManifest(_ input: [UInt8]) {
    guard let tree = try? ManifestDocument(parsing: input).tree else { return }
    do {
        let exported = try tree.bundle(named: "x").encoded()
        let again = try ServiceTree(ServiceBundle(parsing: exported))
        let last = try again.bundle(named: "x").encoded()
        precondition(last == exported, "an export is not stable")
    } catch {
        preconditionFailure("an export is refused: \(error)")
    }
}

let manifestDecoders = [
    FuzzedDecoder(
        name: "manifest", seeds: { [Array(sampleManifest.utf8)] }, decode: decodeManifest)
]
