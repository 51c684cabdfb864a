import Foundation
import Testing
import TouchstoneFFI
import TouchstoneSim

@testable import Touchstone

@Suite struct ScenarioTests {
    @Test func everyTranscriptHasItsStory() throws {
        #expect(try Golden.names() == Set(stories().map(\.name)))
    }

    @Test(arguments: stories().map(\.name))
    func everyStoryReadsAsItWasReviewed(name: String) async throws {
        let told = try Told(name)
        let report = try await told.attempt.run(stage: told)
        #expect(try told.text(report.outcome) == Golden.text(name))
    }

    @Test(arguments: stories().map(\.name))
    func theAttemptOfAnAppHandsOverTheSameInTheSameOrder(name: String) async throws {
        let story = try Told(name)
        _ = try await story.attempt.run(stage: story)

        let fingers = Fingers()
        let inner = try Simulation(story: name).attempt(context: .reader(true), hands: fingers)
        fingers.attempt = inner
        let attempt = Attempt(inner)
        let report = try await attempt.run()
        var moments: [Attempt.Moment] = []
        for await moment in attempt.moments {
            moments.append(moment)
        }
        #expect(moments == story.moments)
        #expect(report.outcome == stories().first { $0.name == name }?.expected)
        #expect(report.support.contains("\"entries\""))
    }

    @Test func withoutAScreenReaderNothingIsSaid() async throws {
        let told = try Told("success", screenReader: false)
        _ = try await told.attempt.run(stage: told)
        let said = told.moments.filter { if case .cue(.say) = $0 { true } else { false } }
        #expect(said.isEmpty)
        #expect(!told.moments.isEmpty)
    }

    @Test func screensAndCuesCanBeReadAlone() async throws {
        let story = try Told("success")
        _ = try await story.attempt.run(stage: story)
        let screens = story.moments.compactMap { if case .screen(let screen) = $0 { screen } else { nil } }
        let cues = story.moments.compactMap { if case .cue(let cue) = $0 { cue } else { nil } }

        for wantsScreens in [true, false] {
            let fingers = Fingers()
            let inner = try Simulation(story: "success").attempt(context: .reader(true), hands: fingers)
            fingers.attempt = inner
            let attempt = Attempt(inner)
            _ = try await attempt.run()
            if wantsScreens {
                let read = await attempt.screens.reduce(into: []) { $0.append($1) }
                #expect(read == screens)
            } else {
                let read = await attempt.cues.reduce(into: []) { $0.append($1) }
                #expect(read == cues)
            }
        }
    }
}
