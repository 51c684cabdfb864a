import Foundation
import Testing
import TouchstoneFFI
import TouchstoneSim

@testable import Touchstone

@MainActor
@Suite struct ModelTests {
    private let acts = Acts()
    private let phone = FakePhone()
    private let clock = Clock()
    private let model: ConnectModel

    init() {
        model = ConnectModel(acts: acts, texts: .english, performer: phone, clock: { [clock] in clock.now })
    }

    // MARK: What is drawn

    @Test(arguments: stories().map(\.name))
    func everyScreenOfEveryStoryIsDrawnInFull(name: String) async throws {
        let story = try Told(name)
        _ = try await story.attempt.run(stage: story)
        for case .screen(let screen) in story.moments {
            model.show(screen)
            let picture = try #require(model.picture)
            #expect(picture.seq == screen.seq)
            #expect(picture.secondary.map(\.id) == screen.secondary.map(\.id))
            let labels = [picture.primary.label] + picture.secondary.map(\.label)
            for text in [picture.title, picture.status] + labels {
                #expect(!text.isEmpty && !text.contains("{"))
            }
            #expect(Set(labels).count == labels.count)
            #expect(1 + picture.secondary.count <= 4)
            #expect(Set(picture.nodes).count == picture.nodes.count)
            if let wanted = model.wantedFocus {
                #expect(picture.nodes.contains(wanted))
            }
        }
        #expect(phone.settings == 0)
    }

    @Test func aListShowsItsNetworksInOrderAndWhichIsOffered() throws {
        model.show(.networks(["Home", "", "Garden"], selected: 2))
        let networks = try #require(model.picture).networks
        #expect(networks.map(\.name) == ["Home", "Wi-Fi", "Garden"])
        #expect(networks.map(\.selected) == [false, false, true])
        model.choose(networks[1])
        #expect(acts.log == ["network 1"])
    }

    @Test func anErrorIsReadBeforeTheHintOfItsField() throws {
        model.show(.password(error: .passwordLength))
        let entry = try #require(model.picture?.entry)
        #expect(entry.error == Texts.english.text(Msg(id: .passwordLength, args: [.network("Home")])))
        let error = try #require(entry.error)
        #expect(entry.spokenHint == "\(error) \(entry.hint)")
    }

    @Test func theButtonCanBeCalledByOtherNamesAndFirstByItsOwn() {
        model.show(.plain(.idle, primary: .connectDevice, label: .labelConnectDevice))
        #expect(model.picture?.primary.inputLabels == ["Connect device", "Connect", "Start"])
        model.show(.plain(.verifying, primary: .sayAgain, label: .labelSayAgain))
        #expect(model.picture?.primary.inputLabels == ["Say again"])
    }

    // MARK: Focus

    @Test(arguments: [
        (FocusTarget.title, nil, Node.title), (.title, Node.primary, .title), (.field, .title, .field),
        (.titleIfLost, .control(.notMyDevice), .title), (.titleIfLost, .primary, nil), (.titleIfLost, nil, nil),
        (nil, .control(.notMyDevice), nil),
    ] as [(FocusTarget?, Node?, Node?)])
    func theFocusMovesOnlyWhereTheScreenWantsIt(target: FocusTarget?, before: Node?, after: Node?) {
        model.focusMoved(to: before)
        model.show(.password(focus: target))
        #expect(model.wantedFocus == after)
    }

    @Test func theFocusIsMovedOnce() {
        model.show(.password(focus: .field))
        model.focusMoved(to: .title)
        #expect(model.wantedFocus == .field)
        model.focusMoved(to: .field)
        #expect(model.wantedFocus == nil)
    }

    // MARK: What the person does

    @Test func aPressCarriesTheNumberOfTheScreenItWasMadeOn() {
        model.pressPrimary()
        #expect(acts.log.isEmpty)
        model.show(.plain(.idle, primary: .connectDevice, label: .labelConnectDevice, seq: 7))
        model.pressPrimary()
        #expect(acts.log == ["press connectDevice 7"])
    }

    @Test func thePasswordGoesBeforeThePressAndSurvivesAFailure() {
        model.show(.password())
        model.password = "correct horse"
        model.pressPrimary()
        #expect(acts.log == ["password correct horse", "press connect 1"])
        model.show(.password(error: .wrongPassword))
        #expect(model.password == "correct horse")
    }

    @Test func thePasswordIsForgottenWhenTheDeviceIsConnectedOrThePersonLeaves() {
        model.password = "correct horse"
        model.show(.plain(.done(product: "Kitchen lamp", network: "Home", note: nil), primary: .finish, label: .labelFinish))
        #expect(model.password.isEmpty)
        model.password = "correct horse"
        model.disappeared()
        #expect(model.password.isEmpty)
        #expect(acts.log == ["cancel"])
    }

    @Test func aTypedNameGoesBeforeThePressThatSaysWhetherThereIsAPassword() throws {
        model.show(.networkName())
        model.networkName = "Guest"
        let control = try #require(model.picture?.secondary.first { $0.id == .noPassword })
        model.press(control)
        #expect(acts.log == ["name Guest true", "press noPassword 1"])
    }

    @Test func whatAKilledAppHadBegunIsFinishedWithTheButtonAndTakenBackWithCancel() throws {
        model.show(
            .plain(.unfinished(product: "Kitchen lamp"), primary: .finish, label: .labelFinish, secondary: [.cancel, .help]))
        #expect(model.picture?.primary.label == "Finish")
        model.pressPrimary()
        #expect(model.escape())
        #expect(acts.log == ["press finish 1", "press cancel 1"])
    }

    @Test func numbersAreEnteredOnlyAsTheyWereChosen() {
        model.show(.counts())
        #expect(model.counts == [nil, nil, nil])
        #expect((0..<3).map(model.label(ofGroup:)) == ["Group 1", "Group 2", "Group 3"])
        model.count(4, group: 0)
        model.count(6, group: 2)
        model.count(6, group: 3)
        model.pressPrimary()
        #expect(acts.log == ["counts 4 0 6", "press enter 1"])
        model.show(.plain(.verifying, primary: .sayAgain, label: .labelSayAgain))
        #expect(model.counts == [nil, nil, nil])
    }

    @Test func theEscapeGestureCancelsWhereThereIsSomethingToCancel() {
        model.show(.plain(.idle, primary: .connectDevice, label: .labelConnectDevice))
        #expect(!model.escape())
        model.show(.password())
        #expect(model.escape())
        #expect(acts.log == ["password ", "press cancel 1"])
    }

    @Test func settingsAreOpenedByTheButtonThatSaysSo() {
        model.show(.plain(.bluetoothOff, primary: .openSettings, label: .labelOpenSettings))
        model.pressPrimary()
        #expect(phone.settings == 1)
        #expect(acts.log == ["press openSettings 1"])
    }

    @Test func whoComesBackIsReadyBeforeTheAttemptResumes() {
        model.uiReady(false)
        model.resumed()
        #expect(acts.log == ["ready false", "ready true", "resume"])
    }

    // MARK: What is said

    @Test(arguments: [
        (MsgId.scanning, Politeness.polite, Announcement.Priority.low), (.touchOne, .assertive, .standard),
        (.notGenuine, .assertive, .high), (.revoked, .assertive, .standard),
    ])
    func politenessBecomesAPriority(message: MsgId, politeness: Politeness, priority: Announcement.Priority) {
        model.perform(.say(message, politeness))
        #expect(phone.announced.map(\.priority) == [priority])
        #expect(phone.announced.map(\.queued) == [politeness == .polite])
        #expect(phone.announced.map(\.language) == ["en"])
    }

    @Test func anAnnouncementIsMadeAtOnceWhenNothingDisturbsIt() {
        clock.now = 100
        model.perform(.say(.touched, .assertive))
        #expect(phone.announced.map(\.at) == [100])
        #expect(phone.announced.map(\.expires) == [104])
    }

    @Test func anAnnouncementWaitsUntilTheScreenReaderHasBegunToSpeakByItself() {
        clock.now = 100
        model.appeared()
        clock.now = 100.25
        model.perform(.say(.touched, .assertive))
        model.show(.password(focus: .field))
        clock.now = 101
        model.focusMoved(to: .field)
        model.perform(.say(.touched, .assertive))
        #expect(phone.announced.map(\.at) == [100.5, 101.5])
    }

    @Test func theFateOfWhatMustArriveIsReportedOnce() {
        model.perform(.say(.touchOne, .assertive, id: 5, must: true))
        model.perform(.say(.scanning, .polite, id: 6, must: false))
        let text = phone.announced[0].text
        model.announcementFinished("something else", delivered: true)
        model.announcementFinished(phone.announced[1].text, delivered: false)
        #expect(acts.log.isEmpty)
        model.announcementFinished(text, delivered: false)
        model.announcementFinished(text, delivered: false)
        #expect(acts.log == ["said 5 false"])
    }

    @Test func whatIsFeltAndPlayedGoesToThePhone() {
        model.perform(.feel(.problem))
        model.perform(.play(.ok))
        #expect(phone.felt == [.problem])
        #expect(phone.played == [.ok])
    }
}

@Suite struct RhythmTests {
    @Test(arguments: zip([Haptic.heard, .yourTurn, .problem, .done], [Earcon.tick, .turn, .stop, .ok]))
    func aSoundHasTheRhythmOfItsVibrationAndIsShort(haptic: Haptic, earcon: Earcon) {
        #expect(haptic.beats.map(\.on) == earcon.beats.map(\.on))
        #expect(haptic.beats.map(\.off) == earcon.beats.map(\.off))
        #expect(earcon.beats.reduce(0) { $0 + $1.on + $1.off } <= 0.6)
        #expect(earcon.beats.allSatisfy { !$0.hertz.isEmpty })
    }

    @Test func aVibrationIsCounted() {
        #expect([Haptic.heard, .yourTurn, .problem, .done].map(\.beats.count) == [1, 2, 3, 1])
    }

    @Test(arguments: [Earcon.tick, .turn, .stop, .ok])
    func aWaveIsAsLongAsItsNotesBeginsAndEndsSoftlyAndDoesNotClip(earcon: Earcon) throws {
        let samples = Wave.samples(earcon.beats)
        let length = earcon.beats.reduce(0) { $0 + $1.on + $1.off }
        #expect(abs(Double(samples.count) / Double(Wave.rate) - length) < 0.01)
        #expect(samples.first == 0)
        let last = try #require(samples.last)
        #expect(abs(last) < 100)
        let loudest = samples.map { abs(Int($0)) }.max() ?? 0
        #expect((3_000...16_000).contains(loudest))
    }

    @Test func aWaveFileSaysWhatItHolds() {
        let beats = [Beat(hertz: [440], on: 0.1, off: 0)]
        let file = Wave.file(beats)
        #expect(file.count == 44 + 2 * Wave.samples(beats).count)
        #expect(String(decoding: file.prefix(4), as: UTF8.self) == "RIFF")
        #expect(String(decoding: file[8..<16], as: UTF8.self) == "WAVEfmt ")
        let rate = file[24..<28].reversed().reduce(0) { $0 << 8 | Int($1) }
        #expect(rate == Wave.rate)
    }
}

// MARK: Fakes

final class Clock: @unchecked Sendable {
    var now: TimeInterval = 0
}

final class Acts: PersonsActs, @unchecked Sendable {
    private(set) var log: [String] = []

    func press(action: ActionId, seq: UInt64) { log.append("press \(action) \(seq)") }
    func password(typed: String) { log.append("password \(typed)") }
    func selectNetwork(index: UInt32) { log.append("network \(index)") }
    func typeNetwork(name: String, secured: Bool) { log.append("name \(name) \(secured)") }
    func counts(first: UInt8, second: UInt8, third: UInt8) { log.append("counts \(first) \(second) \(third)") }
    func setContext(context: A11yContext) { log.append("context") }
    func uiReady(ready: Bool) { log.append("ready \(ready)") }
    func said(id: UInt64, delivered: Bool) { log.append("said \(id) \(delivered)") }
    func resume() { log.append("resume") }
    func cancel() { log.append("cancel") }
}

@MainActor
final class FakePhone: Performer {
    private(set) var announced: [Announcement] = []
    private(set) var felt: [Haptic] = []
    private(set) var played: [Earcon] = []
    private(set) var settings = 0

    func announce(_ announcement: Announcement) { announced.append(announcement) }
    func feel(_ haptic: Haptic) { felt.append(haptic) }
    func play(_ earcon: Earcon) { played.append(earcon) }
    func openSettings() { settings += 1 }
}

extension Cue {
    static func say(_ message: MsgId, _ politeness: Politeness, id: UInt64 = 1, must: Bool = false) -> Cue {
        .say(
            id: id, msg: Msg(id: message, args: []), politeness: politeness, interrupt: politeness == .assertive, must: must,
            repeat: false, expires: 4)
    }
}

extension Screen {
    static func plain(
        _ step: Step, primary: ActionId, label: MsgId, secondary: [ActionId] = [], field: Field? = nil,
        focus: FocusTarget? = nil, seq: UInt64 = 1
    ) -> Screen {
        Screen(
            seq: seq, step: step, title: Msg(id: .titleConnect, args: []), status: Msg(id: .idle, args: []), detail: nil,
            primary: Action(id: primary, label: Msg(id: label, args: [])),
            secondary: secondary.map { Action(id: $0, label: Msg(id: .labelCancel, args: [])) }, help: nil, field: field,
            focus: focus, busy: false)
    }

    static func password(error: MsgId? = nil, focus: FocusTarget? = nil) -> Screen {
        .plain(
            .askPassword(network: "Home", problem: nil), primary: .connect, label: .labelConnect,
            secondary: [.cancel, .showPassword, .otherNetworks],
            field: Field(
                kind: .password, label: Msg(id: .fieldPassword, args: []), hint: Msg(id: .fieldPasswordHint, args: []),
                error: error.map { Msg(id: $0, args: [.network("Home")]) }, revealed: false),
            focus: focus)
    }

    static func networkName() -> Screen {
        .plain(
            .askNetworkName(problem: nil), primary: .continue, label: .labelContinue,
            secondary: [.cancel, .noPassword, .otherNetworks],
            field: Field(
                kind: .networkName, label: Msg(id: .fieldNetworkName, args: []), hint: Msg(id: .fieldNetworkNameHint, args: []),
                error: nil, revealed: false))
    }

    static func counts() -> Screen {
        .plain(
            .countSignals(signal: .beeps, incomplete: false), primary: .enter, label: .labelEnter,
            field: Field(
                kind: .counts, label: Msg(id: .fieldCounts, args: []), hint: Msg(id: .fieldCountsHint, args: []), error: nil,
                revealed: false))
    }

    static func networks(_ names: [String], selected: UInt32) -> Screen {
        let items = names.map { NetworkItem(ssid: $0, secured: true, saved: false, strength: .strong) }
        return .plain(.networkList(items: items, selected: selected), primary: .useNetwork, label: .labelUse)
    }
}
