/*
 * dossier_about.h: what a dossier's page says after the collections.
 */
#ifndef CU_PRIVACY_DOSSIER_ABOUT_H
#define CU_PRIVACY_DOSSIER_ABOUT_H

struct dossier_pen;

void dossier_about_links(struct dossier_pen *p); /* for the table of contents */
void dossier_about_put(struct dossier_pen *p);

#endif
