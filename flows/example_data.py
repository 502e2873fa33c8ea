"""What the example files of the package ``sasdata`` are: measured, calculated, or something else.

Paths are relative to ``sasdata/example_data``. Most files do not say it themselves, so each
group carries the evidence of the judgement. The folders ``image_data`` (pictures),
``convertible_files`` (Q and I in separate files, copies of LOQ runs) and ``media`` hold nothing
to ingest.
"""

from __future__ import annotations

from pathlib import Path

MEASURED: tuple[str, ...] = (
    # run number, instrument and reduction program in the file
    "1d_data/33837rear_1D_1.75_16.5_CanSAS1D.xml",
    "1d_data/33837rear_1D_1.75_16.5_NXcanSAS.h5",
    "1d_data/33837rear_1D_1.75_16.5_NXcanSAS_v3.h5",
    "1d_data/AOT_Microemulsion-Core_Contrast.xml",
    "1d_data/AOT_Microemulsion-Drop_Contrast.xml",
    "1d_data/AOT_Microemulsion-Shell_Contrast.xml",
    "1d_data/AUSANS_run3_2_no_buffer.ABS",
    "1d_data/AUSANS_run4_1_with_buffer.ABS",
    "1d_data/FK403_0006_Nika.hdf",
    "1d_data/ISIS_83404.TXT",
    "1d_data/ISIS_98929.TXT",
    "1d_data/ISIS_Polymer_Blend_RT2.xml",
    "1d_data/ISIS_Polymer_Blend_TK49.xml",
    "1d_data/Lew_Sa3_DSM_QinA.h5",
    "1d_data/Ludox_silica.xml",
    "1d_data/P123_D2O_10_percent.xml",
    "1d_data/P123_D2O_30_percent.xml",
    "1d_data/P123_D2O_40_percent.xml",
    "1d_data/VTMA.h5",
    "1d_data/apoferritin.txt",
    "1d_data/conalbumin.txt",
    "1d_data/hSDS_D2O_0p5_percent.xml",
    "1d_data/hSDS_D2O_2p0_percent.xml",
    "1d_data/hSDS_D2O_2p0_percent_0p2M_NaCl.xml",
    "2d_data/14250_2D_NoDetInfo_NXcanSAS_v3.h5",
    "2d_data/33837rear_2D_1.75_16.5_NIST.dat",
    "2d_data/33837rear_2D_1.75_16.5_NXcanSAS.h5",
    "2d_data/33837rear_2D_1.75_16.5_NXcanSAS_v3.h5",
    "2d_data/P123_D2O_10_percent.dat",
    "2d_data/P123_D2O_30_percent.dat",
    "2d_data/P123_D2O_40_percent.dat",
    "2d_data/SILIC010.DAT",
    "sesans_data/sphere2micron.ses",
    "sesans_data/sphere_isis.ses",
    # Anton Paar instrument file with exposure and temperature; 10wtAOT_... is the same bytes
    "1d_data/Anton-Paar.pdh",
    "1d_data/saxess_example.pdh",
    # no header: LOQ run 98929 as in ISIS_98929.TXT, without errors
    "1d_data/98929.txt",
    # no header: noise of the size of the stated errors, instrument in the file name
    "1d_data/APS_DND-CAT.TXT",
    "1d_data/Alumina_usaxs.csv",
    "magnetic_data/S50_15kG_horizSector_RF+.txt",
    "magnetic_data/S50_15kG_horizSector_RF-.txt",
    "magnetic_data/S50_15kG_vertSector_RF+.txt",
    "magnetic_data/S50_15kG_vertSector_RF-.txt",
    "reflectometry_data/NR_Ni_down_state.txt",
    "reflectometry_data/NR_Ni_up_state.txt",
    # transmission stated, noise of the size of the errors, SANS and USANS of one sample
    "1d_data/latex_smeared.xml",
    # Eiger 1M frame (1065 x 1030) with a mask, counts of a real beam stop
    "2d_data/BAM_2D.h5",
    # detector image with counting noise; 2P_New.sans is the same bytes
    "2d_data/P_New.sans",
)

HINTS: dict[str, dict[str, str]] = {
    # what these files do not say, from their names and the evidence above
    "1d_data/98929.txt": {"technique": "sans"},
    "1d_data/APS_DND-CAT.TXT": {
        # column 3 is the intensity on another scale (constant ratio), column 4 is 3.4 % of it
        "technique": "saxs",
        "columns": "x,y,-,dy",
    },
    "1d_data/Alumina_usaxs.csv": {"technique": "saxs"},
    "1d_data/FK403_0006_Nika.hdf": {"technique": "saxs"},  # Pilatus at 21 keV, in its notes
    "2d_data/BAM_2D.h5": {"technique": "saxs"},
    "magnetic_data/S50_15kG_horizSector_RF+.txt": {"technique": "sans"},
    "magnetic_data/S50_15kG_horizSector_RF-.txt": {"technique": "sans"},
    "magnetic_data/S50_15kG_vertSector_RF+.txt": {"technique": "sans"},
    "magnetic_data/S50_15kG_vertSector_RF-.txt": {"technique": "sans"},
    "reflectometry_data/NR_Ni_down_state.txt": {"technique": "nr"},
    "reflectometry_data/NR_Ni_up_state.txt": {"technique": "nr"},
}

UNGRIDDED: tuple[str, ...] = (
    # measured maps that no rectangular grid describes: readers refuse them
    "2d_data/exp18_14_igor_2dqxqy.dat",  # curved detector, points up to 3 steps off
    "magnetic_data/S50_I+_2D.dat",  # two detector panels, the outer one curved
    "magnetic_data/S50_I-_2D.dat",
    "magnetic_data/S50_unpol_2D.dat",
)

CALCULATED: tuple[str, ...] = (
    # the file says so
    "1d_data/10000A_sphere_dsm.xml",
    "1d_data/100nmPinholeSphere.txt",
    "1d_data/100nmSpheresNodQ.txt",
    "1d_data/1umSlitSmearSphere.ABS",
    "1d_data/n_coreshell.txt",
    "1d_data/x_coreshell_1.txt",
    "1d_data/x_coreshell_2.txt",
    "1d_data/x_coreshell_3.txt",
    "1d_data/x_coreshell_4.txt",
    "other_formats/1000A_sphere_sm.xml",
    # model in the name, no noise, no errors, 1.#IND (0/0 of a program) at Q = 0
    "1d_data/cyl_400_20.txt",
    "1d_data/cyl_400_40.txt",
    "1d_data/sphere_60_q0_2.txt",
    "1d_data/sphere_80.txt",
    # the same cylinder, errors exactly the square root of the intensity
    "1d_data/cyl_testdata.txt",
    "1d_data/cyl_testdata1.txt",
    "1d_data/cyl_testdata2.txt",
    # smooth to 15 digits; errors fall as 1 / point number
    "1d_data/PolySpheres.txt",
    # Igor waves xwave_rpa and ywave_rpa: the model's own names
    "1d_data/rpa_igor.txt",
    # the 40 measured points of sphere2micron.ses, then one value repeated
    "sesans_data/sphere2micron_long.ses",
)

OTHER: tuple[str, ...] = (
    "1d_data/10wtAOT_Reline_120_reduced.pdh",  # same bytes as saxess_example.pdh
    "2d_data/2P_New.sans",  # same bytes as P_New.sans
    "2d_data/SILIC010_noheader.DAT",  # SILIC010.DAT without its header
    "2d_data/SILIC010_noheader_3col.DAT",  # SILIC010.DAT without header and resolution
    "1d_data/circular_test.txt",  # circular average of P_New.sans with Q ten times too large
    "1d_data/beam profile.DAT",  # profile of a beam
    "1d_data/CoreXY_ShellZ.txt",  # scattering length densities on a lattice
    "1d_data/testdata_line.txt",  # a straight line with noise
    "1d_data/testdata_line3.txt",  # a straight line with noise
    "dls_data/dls_monodisperse.dat",  # correlation function of light scattering
    "dls_data/dls_polydisperse.dat",  # correlation function of light scattering
    "other_files/dist _THETA_weights.txt",  # weights of a distribution
    "other_files/phi_weights.txt",  # weights of a distribution
    "other_files/radius_dist.txt",  # weights of a distribution
    "other_files/theta_weights.txt",  # weights of a distribution
)


def folder() -> Path:
    """Folder of the example files in the installed package."""
    from importlib.resources import files

    return Path(str(files("sasdata"))) / "example_data"
