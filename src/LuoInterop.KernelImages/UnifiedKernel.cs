namespace LuoInterop.KernelImages;

/// <summary>Is what a unified kernel image (UKI) has beside the kernel.</summary>
/// <param name="Profile">The profile that was looked at, counted from 0.</param>
/// <param name="Profiles">What the profiles say of themselves (sections <c>.profile</c>), in order; empty where there are none.</param>
/// <param name="CommandLine">The command line of that profile; null where neither it nor the common part has one.</param>
/// <param name="Uname">The release that the section <c>.uname</c> names; null without one.</param>
/// <param name="InitrdBytes">The bytes of the initial RAM disk; null without one.</param>
/// <param name="IsKernelOfProfile">Whether the kernel stands in the profile, and not in the common part.</param>
public sealed record UnifiedKernel(
    int Profile, IReadOnlyList<string> Profiles, string? CommandLine, string? Uname, long? InitrdBytes, bool IsKernelOfProfile);
