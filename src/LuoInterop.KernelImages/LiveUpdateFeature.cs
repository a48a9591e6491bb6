namespace LuoInterop.KernelImages;

/// <summary>Is what a kernel says of one component in a section <c>.liveupdate_versions</c> or <c>.liveupdate_features</c>.</summary>
/// <remarks>Both sections are posted, and not merged (as of Linux 7.3).</remarks>
/// <param name="Name">The component, or the text of its format.</param>
/// <param name="Supported">The features that it can take over; 0 in <c>.liveupdate_versions</c>, which has none.</param>
/// <param name="Required">Those without which it takes nothing over.</param>
/// <param name="Active">Those that it hands over.</param>
public sealed record LiveUpdateFeature(string Name, ulong Supported, ulong Required, ulong Active);
