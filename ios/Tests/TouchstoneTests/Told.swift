import Foundation
import TouchstoneFFI
import TouchstoneSim

@testable import Touchstone

/// A story of the simulator on its way: the stage writes down what the person gets, the hands do what the person does.
///
/// Everything happens on the thread that runs the attempt, in virtual time.
final class Told: Stage, @unchecked Sendable {
    let simulation: Simulation
    let attempt: ConnectAttempt
    let fingers: Fingers
    private let recorder: TranscriptRecorder
    private let told: (@Sendable (Attempt.Moment) -> Void)?
    private(set) var moments: [Attempt.Moment] = []

    /// `told` is called with every moment before the person reacts to it.
    init(_ story: String, screenReader: Bool = true, told: (@Sendable (Attempt.Moment) -> Void)? = nil) throws {
        simulation = try Simulation(story: story)
        fingers = Fingers()
        attempt = try simulation.attempt(context: .reader(screenReader), hands: fingers)
        recorder = TranscriptRecorder(simulation: simulation)
        self.told = told
        fingers.attempt = attempt
    }

    func show(screen: Screen) {
        recorder.show(at: simulation.now(), screen: screen)
        moments.append(.screen(screen))
        told?(.screen(screen))
    }

    func cue(cue: Cue) {
        recorder.cue(at: simulation.now(), cue: cue)
        moments.append(.cue(cue))
        told?(.cue(cue))
    }

    func text(_ outcome: Outcome) -> String { recorder.text(outcome: outcome) }
}

/// The person's fingers on an attempt; they hold it weakly, as it holds them.
final class Fingers: Hands, @unchecked Sendable {
    weak var attempt: ConnectAttempt?

    func press(action: ActionId, seq: UInt64) {
        attempt?.press(action: action, seq: seq)
    }
    func password(typed: String) { attempt?.password(typed: typed) }
    func selectNetwork(index: UInt32) { attempt?.selectNetwork(index: index) }
    func counts(first: UInt8, second: UInt8, third: UInt8) { attempt?.counts(first: first, second: second, third: third) }
    func leave() { attempt?.cancel() }
}

extension A11yContext {
    static func reader(_ on: Bool) -> Self {
        A11yContext(
            screenReader: on, switchAccess: false, reduceMotion: false, haptics: true, sounds: true, timeScale: 1)
    }
}

enum Golden {
    static let folder = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().appendingPathComponent("../../../crates/touchstone-sim/tests/golden").standardized

    static func text(_ story: String) throws -> String {
        try String(contentsOf: folder.appendingPathComponent(story + ".txt"), encoding: .utf8)
    }

    static func names() throws -> Set<String> {
        let files = try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)
        return Set(files.map { $0.deletingPathExtension().lastPathComponent })
    }
}

extension Texts {
    static let english = Texts.core("en")

    static func core(_ language: String) -> Texts {
        Texts(language: language) { render(msg: $0, language: language) }
    }
}
