import ArgumentParser
import Configuration
import LockstepDaemon
import Testing

@Suite struct SettingOptionsTests {
    @Test(arguments: Setting.allCases)
    func `every setting has its flag`(setting: Setting) throws {
        let options = try SettingOptions.parse([setting.flagName, "some text"])
        #expect(options.given.map(\.setting) == [setting])
        #expect(options.given.map(\.text) == ["some text"])
    }

    @Test(arguments: Setting.allCases)
    func `the help names every setting's variable`(setting: Setting) {
        let lines = SettingOptions.environmentNames.split(separator: "\n")
        #expect(lines.contains("  \(setting.environmentName)"))
    }

    @Test func `without flags nothing is given`() throws {
        #expect(try SettingOptions.parse([]).given.isEmpty)
    }
}
