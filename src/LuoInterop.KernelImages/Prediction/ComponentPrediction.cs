namespace LuoInterop.KernelImages;

/// <summary>Is what becomes of one component of what is handed over.</summary>
/// <param name="Component">The component: <c>kho</c>, <c>kho=</c>, <c>luo</c>, <c>liveupdate=</c>, the text of a handler or an object,
/// or a parameter of the command line. These names do not change.</param>
/// <param name="Consequence">What becomes of it.</param>
/// <param name="Reason">Why, for people.</param>
/// <param name="Evidence">What was compared, for people.</param>
/// <param name="Rule">The function and file of Linux 7.3 that decides.</param>
public sealed record ComponentPrediction(string Component, Consequence Consequence, string Reason, string Evidence, string Rule);
