import Foundation
import Testing
import TouchstoneFFI
import TouchstoneSim

@testable import Touchstone

@Suite struct AttemptTests {
    /// Starts the story, and hands a task that runs it to `then` as soon as a screen like this is shown.
    private func stopped(_ name: String, at step: @escaping @Sendable (Step) -> Bool) async throws -> (Report, [Attempt.Moment]) {
        let box = Box()
        let told = try Told(name) { moment in
            if case .screen(let screen) = moment, step(screen.step) { box.cancel() }
        }
        let attempt = Attempt(told.attempt, witness: told)
        let task = Task {
            await box.isReady()
            return try await attempt.run()
        }
        box.ready(task)
        return (try await task.value, told.moments)
    }

    @Test func cancellingTheTaskEndsTheAttemptAndSendsNothing() async throws {
        let (report, moments) = try await stopped("success") { if case .awaitPresence = $0 { true } else { false } }
        #expect(report.outcome == .unfinished)
        #expect(!moments.contains { if case .screen(let screen) = $0, case .chooseNetwork = screen.step { true } else { false } })
    }

    @Test func aTaskThatIsCancelledBeforeItBeginsEndsAtOnce() async throws {
        let told = try Told("success")
        let attempt = Attempt(told.attempt, witness: told)
        let task = Task {
            while !Task.isCancelled { await Task.yield() }
            return try await attempt.run()
        }
        task.cancel()
        let report = try await task.value
        #expect(report.outcome == .unfinished)
        #expect(told.moments.count <= 1)
    }

    @Test func theMomentsEndWithTheAttempt() async throws {
        let told = try Told("success")
        let attempt = Attempt(told.attempt)
        let reading = Task { await attempt.moments.reduce(0) { count, _ in count + 1 } }
        _ = try await attempt.run()
        let count = await reading.value
        #expect(count > 10)
    }

    @Test func anAttemptRunsOnce() async throws {
        let told = try Told("success")
        let attempt = Attempt(told.attempt)
        _ = try await attempt.run()
        await #expect(throws: ConnectError.AlreadyRun) { try await attempt.run() }
    }

    @Test func whatComesAfterTheEndIsIgnored() async throws {
        let attempt = Attempt(try Told("success").attempt)
        _ = try await attempt.run()
        attempt.press(action: .finish, seq: 1)
        attempt.password(typed: "correct horse")
        attempt.selectNetwork(index: .max)
        attempt.typeNetwork(name: "Home", secured: true)
        attempt.counts(first: 0, second: 7, third: 255)
        attempt.setContext(context: .reader(false))
        attempt.uiReady(ready: false)
        attempt.said(id: .max, delivered: false)
        attempt.resume()
        attempt.cancel()
        attempt.cancel()
    }

    @Test func anUnknownStoryAndASecondPersonAreRefused() throws {
        #expect(throws: SimulationError.Unknown) { try Simulation(story: "nothing") }
        let simulation = try Simulation(story: "success")
        _ = try simulation.attempt(context: .reader(true), hands: Fingers())
        #expect(throws: SimulationError.Begun) { try simulation.attempt(context: .reader(true), hands: Fingers()) }
    }

    @Test func whatAStageThrowsStopsNothing() async throws {
        final class Broken: Stage {
            struct Refusal: Error {}
            func show(screen: Screen) throws { throw Refusal() }
            func cue(cue: Cue) throws { throw HostError.Failed(reason: "no") }
        }
        let told = try Told("success")
        let report = try await told.attempt.run(stage: Broken())
        #expect(report.outcome == .connected)
    }

    @Test func twoHundredAttemptsSideBySideLeaveNothingBehind() async throws {
        let names = stories().map(\.name)
        let left = try await withThrowingTaskGroup(of: [Weak].self) { group in
            for number in 0..<240 {
                group.addTask {
                    let told = try Told(names[number % names.count])
                    let attempt = Attempt(told.attempt, witness: told)
                    let report = try await attempt.run()
                    #expect(try told.text(report.outcome) == Golden.text(names[number % names.count]))
                    return [Weak(told), Weak(told.attempt), Weak(told.simulation), Weak(attempt), Weak(told.fingers)]
                }
            }
            return try await group.reduce(into: []) { $0 += $1 }
        }
        #expect(left.count == 1200)
        #expect(left.filter { $0.object != nil }.count == 0)
    }
}

@Suite struct ConnectorTests {
    private func connector(bundle: Data, vendorKey: Data, memory: Drawer = Drawer()) throws -> DeviceConnector {
        let owner = OwnerKeys(store: memory, hardware: nil, software: FakeKeys(name: 4))
        return try DeviceConnector(
            bundle: bundle, vendorKey: vendorKey, memory: memory, owner: owner, networks: SavedNetworks(store: memory))
    }

    @Test func aKeyThatIsNoPointIsRefused() {
        for key in [Data(), Data(repeating: 4, count: 64)] {
            #expect(throws: ConnectError.VendorKey) { try connector(bundle: Data(), vendorKey: key) }
        }
    }

    @Test func aBundleThatIsNotSignedIsRefusedAndNotRemembered() throws {
        let memory = Drawer()
        #expect(throws: ConnectError.self) {
            try connector(bundle: Data("bundle".utf8), vendorKey: Data(repeating: 4, count: 65), memory: memory)
        }
        #expect(try BundleMemory(store: memory).newest() == 0)
    }

    @Test func everyErrorHasAdviceThatCanBeSpokenAndADescriptionThatCannot() {
        let errors: [ConnectError] = [.VendorKey, .TrustBundle(reason: "never spoken"), .AlreadyRun, .NoRadio]
        for error in errors {
            let advice = Texts.english.text(error.advice())
            #expect(advice.hasSuffix("."))
            #expect(!advice.contains("never spoken"))
            #expect(!error.description.isEmpty)
        }
    }

    @Test(arguments: [0, 1, 255, 256, 1 << 40, UInt64.max])
    func theNumberOfABundleIsRemembered(sequence: UInt64) throws {
        let memory = BundleMemory(store: Drawer())
        try memory.remember(sequence)
        #expect(try memory.newest() == sequence)
    }
}

/// A task that is cancelled from within.
final class Box: @unchecked Sendable {
    private let lock = NSLock()
    private var task: Task<Report, any Error>?

    func ready(_ task: Task<Report, any Error>) {
        lock.lock()
        self.task = task
        lock.unlock()
    }

    func isReady() async {
        while !known { await Task.yield() }
    }

    func cancel() {
        lock.lock()
        let task = task
        lock.unlock()
        task?.cancel()
    }

    private var known: Bool {
        lock.lock()
        defer { lock.unlock() }
        return task != nil
    }
}

struct Weak: @unchecked Sendable {
    weak var object: AnyObject?

    init(_ object: AnyObject) {
        self.object = object
    }
}
