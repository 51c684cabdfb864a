pluginManagement {
    repositories {
        google()
        mavenCentral()
        gradlePluginPortal()
    }
}

dependencyResolutionManagement {
    repositories {
        maven(url = "repository")
        google()
        mavenCentral()
    }
}

rootProject.name = "touchstone-example"
